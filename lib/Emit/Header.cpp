//===- Header.cpp - the C header of an artefact ----------------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Emit/Header.h"
#include "include/tilewright/Runtime.h"
#include "lib/Support/Version.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tilewright;

namespace {

/// ONNX names may hold anything; in a comment they must not end it or the line.
std::string printable(StringRef name) {
  std::string text;
  for (char c : name)
    text += isPrint(c) && c != '\\' ? c : '?';
  return text;
}

/// Hands out enumerators: upper case, other characters than letters and digits as '_', each only
/// once.
class Enumerators {
public:
  explicit Enumerators(const ModelInterface &model) : prefix(StringRef(model.name).upper() + "_") {}

  std::string get(StringRef kind, StringRef name) {
    std::string text = prefix + kind.str() + "_" + name.upper();
    for (char &c : text)
      if (!isAlnum(c))
        c = '_';
    std::string unique = text;
    for (int n = 2; !used.insert(unique).second; ++n)
      unique = text + "_" + std::to_string(n);
    return unique;
  }

private:
  std::string prefix;
  StringSet<> used;
};

class Writer {
public:
  Writer(const ModelInterface &model, raw_ostream &out) : model(model), out(out), names(model) {
    // Counts come first, so that no tensor can take their names.
    numInputs = names.get("NUM", "inputs");
    numOutputs = names.get("NUM", "outputs");
    numSymbols = names.get("NUM", "symbols");
    accessor = accessorName(model);
    guard = "TW_" + StringRef(model.name).upper() + "_H";
  }

  void write(StringRef artefact) {
    out << "// " << printable(artefact) << ": " << printable(model.source)
        << ", compiled by Tilewright " TILEWRIGHT_VERSION " for " << model.target << " (pipeline "
        << model.pipeline << ", compute " << model.compute << ")\n//\n";
    example();
    out << "#ifndef " << guard << "\n#define " << guard << "\n\n#include <tilewright/Runtime.h>\n\n"
        << "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n"
        << "const tw_model *" << accessor << "(void);\n\n";
    enumeration("Inputs of tw_run, in this order.", "INPUT", model.inputs, numInputs);
    enumeration("Outputs of tw_run, in this order; their memory is the caller's.", "OUTPUT",
                model.outputs, numOutputs);
    symbols();
    out << "#ifdef __cplusplus\n}\n#endif\n\n#endif // " << guard << "\n";
  }

private:
  void enumeration(StringRef title, StringRef kind, ArrayRef<TensorInterface> tensors,
                   StringRef count) {
    out << "// " << title << "\nenum {\n";
    for (auto [i, tensor] : enumerate(tensors))
      out << "  " << names.get(kind, tensor.name) << " = " << i << ", // " << tensor.dtype << " "
          << printable(shapeText(model, tensor)) << ", '" << printable(tensor.name) << "'\n";
    out << "  " << count << " = " << tensors.size() << "\n};\n\n";
  }

  void symbols() {
    out << "// Symbolic sizes, in the order of tw_symbols, tw_output_shapes and "
           "tw_workspace_size.\nenum {\n";
    for (auto [i, symbol] : enumerate(model.symbols)) {
      out << "  " << names.get("SYMBOL", symbol.name) << " = " << i << ", // '"
          << printable(symbol.name) << "', ";
      if (symbol.isBounded())
        out << symbol.min << " to " << symbol.max << "\n";
      else
        out << "at least " << symbol.min << "\n";
    }
    out << "  " << numSymbols << " = " << model.symbols.size() << "\n};\n\n";
  }

  /// Example sizes: every symbol as small as allowed, but not empty.
  int64_t exampleSize(const DimInterface &dim) const {
    return dim.symbol >= 0 ? std::max<int64_t>(model.symbols[dim.symbol].min, 1) : dim.size;
  }

  /// The C type of an element.
  static std::string elementType(const TensorInterface &tensor) {
    if (tensor.code == kDLFloat && tensor.bits == 32)
      return "float";
    if (tensor.code == kDLFloat && tensor.bits == 64)
      return "double";
    std::string bits = std::to_string(tensor.bits);
    return (tensor.code == kDLInt ? "int" : "uint") + bits + "_t"; // float16, bfloat16: their bits
  }

  /// One DLTensor of the example, with its memory and shape.
  void exampleTensor(const TensorInterface &tensor, StringRef variable, StringRef sizes) {
    out << "//   int64_t " << variable << "Shape[] = {";
    ListSeparator comma;
    std::string count;
    for (auto [i, dim] : enumerate(tensor.dims)) {
      out << comma;
      if (sizes.empty())
        out << exampleSize(dim);
      else
        out << sizes << "[" << i << "]";
      count += (count.empty() ? "" : " * ") + variable.str() + "Shape[" + std::to_string(i) + "]";
    }
    if (tensor.dims.empty())
      out << "0";
    out << "};" << (tensor.dims.empty() ? " // a scalar" : "") << "\n//   " << elementType(tensor)
        << " *" << variable << " = (" << elementType(tensor) << " *)calloc("
        << (count.empty() ? "1" : count) << ", sizeof *" << variable << ");\n";
  }

  void exampleArray(StringRef name, ArrayRef<TensorInterface> tensors, StringRef prefix) {
    out << "//   DLTensor " << name << "[] = {";
    for (auto [i, tensor] : enumerate(tensors)) {
      std::string variable = (prefix + Twine(i)).str();
      out << (i ? ",\n//     " : "") << "{" << variable << ", {kDLCPU, 0}, " << tensor.dims.size()
          << ", {" << int(tensor.code) << ", " << int(tensor.bits) << ", 1}, " << variable
          << "Shape, NULL, 0}";
    }
    out << "};\n";
  }

  void example() {
    out << "// Example (#include <stdlib.h>, <stdio.h>):\n//\n";
    for (auto [i, tensor] : enumerate(model.inputs))
      exampleTensor(tensor, ("input" + Twine(i)).str(), "");
    exampleArray("inputs", model.inputs, "input");
    size_t numDims = 0;
    for (const TensorInterface &output : model.outputs)
      numDims += output.dims.size();
    out << "//   const tw_model *model = " << accessor << "();\n"
        << "//   int64_t symbols[" << std::max<size_t>(model.symbols.size(), 1) << "], sizes["
        << std::max<size_t>(numDims, 1) << "];\n"
        << "//   tw_error error;\n"
        << "//   if (tw_symbols(model, inputs, " << model.inputs.size() << ", symbols, &error) ||\n"
        << "//       tw_output_shapes(model, symbols, sizes, &error))\n"
        << "//     return fprintf(stderr, \"%s\\n\", error.message), 1;\n";
    size_t at = 0;
    for (auto [i, tensor] : enumerate(model.outputs)) {
      exampleTensor(tensor, ("output" + Twine(i)).str(),
                    at ? ("(sizes + " + Twine(at) + ")").str() : "sizes");
      at += tensor.dims.size();
    }
    exampleArray("outputs", model.outputs, "output");
    out << "//   tw_instance *instance;\n"
        << "//   if (tw_create(model, NULL, &instance, &error) || tw_reserve(instance, symbols, "
           "&error) ||\n"
        << "//       tw_run(instance, inputs, " << model.inputs.size() << ", outputs, "
        << model.outputs.size() << ", &error))\n"
        << "//     return fprintf(stderr, \"%s\\n\", error.message), 1;\n"
        << "//   tw_destroy(instance);\n//\n";
  }

  const ModelInterface &model;
  raw_ostream &out;
  Enumerators names;
  std::string numInputs, numOutputs, numSymbols, accessor, guard;
};

} // namespace

void tilewright::writeHeader(const ModelInterface &model, StringRef artefact, raw_ostream &out) {
  Writer(model, out).write(artefact);
}
