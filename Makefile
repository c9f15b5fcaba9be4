# Everything a person or CI does with Tilewright. `make help` lists the targets.
BUILD ?= build
JOBS ?= $(shell nproc)
PYTHON = /usr/bin/python3

.PHONY: help packages build demo test bench format tidy docs house clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 22

packages: ## install the Debian packages that are missing (root or sudo)
	@tools/dev/install-packages

$(BUILD)/build.ninja: | packages
	@echo "configure: $(BUILD) with clang 22 and lld"
	@cmake -G Ninja -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 > $(BUILD).configure.log 2>&1 \
	  || { cat $(BUILD).configure.log; exit 1; }
	@rm -f $(BUILD).configure.log

build: packages $(BUILD)/build.ninja ## compile everything into build/
	@echo "build: compiling with $(JOBS) jobs"
	@ninja -C $(BUILD) -j$(JOBS) --quiet

demo: build ## compile a trained model, link it into a C program, run it, show the result
	@tools/dev/demo $(BUILD)

test: build ## all that CI runs: formatting, layering, lit, unit tests; the last line counts
	@$(PYTHON) tools/dev/run-tests.py --build $(BUILD)

bench: build ## ratios against ONNX Runtime, oneDNN, OpenBLAS, PyTorch, in turns; ARGUMENTS="--only TEXT" for a part
	@tools/dev/bench $(BUILD) $(ARGUMENTS)

format: ## rewrite all C++ files in the project's style
	@git ls-files '*.cpp' '*.h' '*.c' | xargs clang-format-22 -i
	@echo "format: done"

tidy: build ## clang-tidy with all checks on the whole tree, some ten minutes on two cores (tools/dev/tidy --quick: five)
	@tools/dev/tidy $(abspath $(BUILD)) $(JOBS)
	@echo "tidy: nothing found"

docs: build ## write the generated pages into docs/generated
	@$(PYTHON) tools/dev/generate-docs.py --build $(BUILD)

house: ## lines per file, longest functions, includes between rooms, cost of a change
	@$(PYTHON) tools/dev/house.py

clean: ## remove the build folder
	@rm -rf $(BUILD)
	@echo "clean: removed $(BUILD)"
