//===- ArtefactTest.cpp - interface, header, weights and descriptor --------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "dialects/Xf/IR/Xf.h"
#include "lib/Emit/Descriptor.h"
#include "lib/Emit/Header.h"
#include "lib/Emit/RuntimeBitcode.h"
#include "lib/Emit/WeightImage.h"
#include "lib/Runtime/WeightFile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "tilewright/Runtime.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include <gtest/gtest.h>

using namespace tilewright;

namespace {

mlir::FailureOr<ModelInterface> parse(llvm::StringRef text, std::string *message = nullptr) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::func::FuncDialect, mlir::xf::XfDialect>();
  mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
    if (message)
      *message = diagnostic.str();
    return mlir::success();
  });
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  if (!module)
    return mlir::failure();
  return readInterface(*module);
}

ModelInterface example() {
  ModelInterface model = *parse(R"mlir(
    module attributes {xf.bounds = {seq = array<i64: 1, 512>}} {
      func.func private @main(tensor<?x?xi64> {xf.name = "ids", xf.dims = ["batch", "seq"]},
                              tensor<?x4x?xf32> {xf.name = "past.0.key", xf.dims = ["batch", "", "past"]},
                              tensor<i1> {xf.name = "use cache"})
        -> (tensor<?x?x512xf32> {xf.name = "logits", xf.dims = ["batch", "seq", ""]},
            tensor<?xbf16> {xf.name = "past.0/key", xf.dims = ["total"]})
    })mlir");
  model.name = "tiny";
  model.source = "tiny.onnx";
  model.target = "x86-64-v3";
  model.pipeline = "reference";
  model.compute = "f32";
  return model;
}

TEST(Interface, SymbolsInOrderOfFirstAppearance) {
  ModelInterface model = example();
  ASSERT_EQ(model.symbols.size(), 3u);
  EXPECT_EQ(model.symbols[0].name, "batch");
  EXPECT_FALSE(model.symbols[0].isBounded());
  EXPECT_EQ(model.symbols[1].max, 512);
  EXPECT_EQ(shapeText(model, model.inputs[1]), "[batch, 4, past]");
  EXPECT_EQ(shapeText(model, model.inputs[2]), "[]");
  EXPECT_EQ(model.inputs[2].dtype, "bool");
  EXPECT_EQ(shapeText(model, model.outputs[0]), "[batch, seq, 512]");
  EXPECT_EQ(shapeText(model, model.outputs[1]), "[total]");
  EXPECT_EQ(model.outputs[1].dims[0].symbol, TW_DIM_COMPUTED);
}

TEST(Interface, TypesThatCannotCross) {
  std::string message;
  EXPECT_TRUE(failed(parse(R"(func.func private @main(tensor<2xi4> {xf.name = "q"}))", &message)));
  EXPECT_EQ(message, "input 'q': expects a tensor of integers of 8 to 64 bits, bool, f16, bf16, "
                     "f32 or f64, got 'tensor<2xi4>'");
  EXPECT_TRUE(failed(parse("module {}", &message)));
  EXPECT_EQ(message, "expects a func.func @main");
}

TEST(Interface, ArtefactNames) {
  EXPECT_EQ(artefactName("out/bert-base.v2.so"), "bert_base_v2");
  EXPECT_EQ(artefactName("7b.so"), "model7b");
  EXPECT_EQ(artefactName("gpt2.so"), "gpt2");
}

TEST(Header, NamesPositionsAndLimits) {
  std::string text;
  llvm::raw_string_ostream out(text);
  writeHeader(example(), "tiny.so", out);
  for (llvm::StringRef line : {
           "// tiny.so: tiny.onnx, compiled by Tilewright",
           "const tw_model *tw_tiny_model(void);\n",
           "  TINY_INPUT_IDS = 0, // int64 [batch, seq], 'ids'\n",
           "  TINY_INPUT_PAST_0_KEY = 1, // float32 [batch, 4, past], 'past.0.key'\n",
           "  TINY_INPUT_USE_CACHE = 2, // bool [], 'use cache'\n  TINY_NUM_INPUTS = 3\n",
           "  TINY_OUTPUT_PAST_0_KEY = 1, // bfloat16 [total], 'past.0/key'\n",
           "  TINY_SYMBOL_SEQ = 1, // 'seq', 1 to 512\n  TINY_SYMBOL_PAST = 2, // 'past', at least "
           "0\n",
       })
    EXPECT_TRUE(llvm::StringRef(text).contains(line)) << line.str() << "\nnot in\n" << text;
}

TEST(Header, EnumeratorsAreUnique) {
  ModelInterface model = example();
  model.inputs[1].name = "IDS";
  model.inputs[2].name = "evil\n*/ \\";
  std::string text;
  llvm::raw_string_ostream out(text);
  writeHeader(model, "tiny.so", out);
  EXPECT_TRUE(llvm::StringRef(text).contains("TINY_INPUT_IDS_2 = 1,")) << text;
  EXPECT_TRUE(llvm::StringRef(text).contains("'evil?*/ ?'\n")) << text;
}

TEST(WeightImage, IsAnObjectThatLinkersRead) {
  llvm::SmallString<128> path;
  llvm::sys::fs::createUniquePath("tilewright-%%%%%%.o", path, /*MakeAbsolute=*/true);
  auto image =
      WeightImage::createObject(path, 5000, llvm::Triple("x86_64-linux-gnu"), weightSymbol("tiny"));
  ASSERT_TRUE(bool(image)) << llvm::toString(image.takeError());
  std::vector<char> expected(5000);
  for (size_t i = 0; i < expected.size(); ++i)
    image->data()[i] = expected[i] = static_cast<char>(i * 7);
  EXPECT_FALSE(llvm::sys::fs::exists(path)); // not before commit
  llvm::Expected<uint64_t> checksum = image->commit();
  ASSERT_TRUE(bool(checksum));
  EXPECT_EQ(*checksum, tw_weight_checksum(expected.data(), expected.size()));

  auto object = llvm::object::ObjectFile::createObjectFile(path);
  ASSERT_TRUE(bool(object)) << llvm::toString(object.takeError());
  bool found = false;
  for (const llvm::object::SymbolRef &symbol : object->getBinary()->symbols()) {
    EXPECT_EQ(llvm::cantFail(symbol.getName()), "tw_tiny_weights");
    EXPECT_TRUE(llvm::cantFail(symbol.getFlags()) & llvm::object::SymbolRef::SF_Hidden);
    auto section = *llvm::cantFail(symbol.getSection());
    EXPECT_EQ(llvm::cantFail(section.getContents()),
              llvm::StringRef(expected.data(), expected.size()));
    EXPECT_EQ(section.getAlignment().value(), 4096u);
    found = true;
  }
  EXPECT_TRUE(found);
  llvm::sys::fs::remove(path);
}

TEST(WeightImage, SaysWhatItCannotWrite) {
  auto image = WeightImage::createFile("/nowhere/at/all.weights", 10);
  ASSERT_FALSE(bool(image));
  EXPECT_EQ(llvm::toString(image.takeError()),
            "cannot write '/nowhere/at/all.weights': No such file or directory");
}

TEST(Descriptor, IsWellFormed) {
  for (const char *triple : {"x86_64-linux-gnu", "aarch64-linux-gnu"}) {
    llvm::StringRef bitcode = runtimeBitcode(llvm::Triple(triple));
    if (bitcode.empty())
      continue;
    llvm::LLVMContext context;
    auto module =
        llvm::cantFail(llvm::parseBitcodeFile(llvm::MemoryBufferRef(bitcode, "runtime"), context));
    VariantCode code;
    code.isa = "baseline";
    code.regions = {{"tw_launch", "first"}};
    llvm::Error missing = addDescriptor(*module, example(), code, {}, /*sharedObject=*/true);
    EXPECT_EQ(llvm::toString(std::move(missing)),
              "expects a function 'tw_model_run' in the module of the model\n"
              "expects a function 'tw_model_workspace' in the module of the model\n"
              "expects a function 'tw_model_shapes' in the module of the model\n"
              "expects a function 'tw_model_work' in the module of the model");
    for (const char *name :
         {"tw_model_run", "tw_model_workspace", "tw_model_shapes", "tw_model_work"})
      module->getOrInsertFunction(name, llvm::Type::getVoidTy(context));
    WeightPlace weights;
    weights.symbol = weightSymbol("tiny");
    llvm::Error error = addDescriptor(*module, example(), code, weights, /*sharedObject=*/true);
    EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
    EXPECT_FALSE(llvm::verifyModule(*module, &llvm::errs()));
    EXPECT_TRUE(module->getFunction("tw_tiny_model"));
    EXPECT_TRUE(module->getFunction(TW_ENTRY));
  }
}

} // namespace
