//===- ConvertLaunchesToLLVM.cpp - closures and entry points -===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C side of everything here is lib/Runtime/Model.h.
//
//===----------------------------------------------------------------------===//
#include "dialects/Kernel/IR/Kernel.h"
#include "dialects/Kernel/IR/MachineFunction.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"

using namespace mlir;

namespace tilewright {
#define GEN_PASS_DEF_CONVERTLAUNCHESTOLLVM
#include "lib/Conversion/Passes.h.inc"

namespace {

// Fields of tw_call, all of 8 bytes.
enum CallField { kBuffers, kSymbols, kWorkspace, kWeights, kThreads };

// Emits LLVM ops and the casts between them and values of other dialects, which the conversion
// proper removes.
class Emitter {
public:
  Emitter(OpBuilder builder, Location loc, const LLVMTypeConverter &types)
      : builder(builder), loc(loc), types(types),
        ptr(LLVM::LLVMPointerType::get(builder.getContext())), i64(builder.getI64Type()) {}

  Value cast(Type type, Value value) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(builder, loc, type, value).getResult(0);
  }
  Value toLLVM(Value value) { return cast(types.convertType(value.getType()), value); }
  Value toIndex(Value value) { return cast(builder.getIndexType(), value); }
  Value constant(int64_t value) { return LLVM::ConstantOp::create(builder, loc, i64, value); }

  // The address of 8-byte field `index` behind `base`.
  Value field(Value base, LLVM::GEPArg index) {
    return LLVM::GEPOp::create(builder, loc, ptr, i64, base, ArrayRef<LLVM::GEPArg>{index});
  }
  Value load(Type type, Value base, LLVM::GEPArg index) {
    auto op = LLVM::LoadOp::create(builder, loc, type, field(base, index));
    op.setInvariant(true);
    return op;
  }
  void store(Value value, Value base, LLVM::GEPArg index) {
    LLVM::StoreOp::create(builder, loc, value, field(base, index));
  }

  // A memref of identity layout at `address`, its dynamic sizes given in order.
  Value memref(MemRefType type, Value address, ArrayRef<Value> dynamicSizes) {
    auto descriptor = MemRefDescriptor::poison(builder, loc, types.convertType(type));
    descriptor.setAllocatedPtr(builder, loc, address);
    descriptor.setAlignedPtr(builder, loc, address);
    descriptor.setConstantOffset(builder, loc, 0);
    SmallVector<Value> sizes;
    for (int64_t size : type.getShape()) {
      bool dynamic = ShapedType::isDynamic(size);
      sizes.push_back(dynamic ? dynamicSizes.front() : constant(size));
      dynamicSizes = dynamicSizes.drop_front(dynamic);
    }
    Value stride = constant(1);
    for (int64_t i = type.getRank() - 1; i >= 0; --i) {
      descriptor.setSize(builder, loc, i, sizes[i]);
      descriptor.setStride(builder, loc, i, stride);
      if (i > 0)
        stride = LLVM::MulOp::create(builder, loc, stride, sizes[i]);
    }
    return cast(type, descriptor);
  }

  OpBuilder builder;
  Location loc;
  const LLVMTypeConverter &types;
  Type ptr, i64;
};

bool isPlain(Type type) {
  auto memref = dyn_cast<MemRefType>(type);
  return memref && memref.getLayout().isIdentity();
}

// One capture as 8-byte words of a closure: address and dynamic sizes of a plain memref, else the
// fields of its descriptor, or the scalar itself.
struct Capture {
  Type type;
  SmallVector<Type> words;

  Capture(Type type, Emitter &emit) : type(type) {
    Type converted = emit.types.convertType(type);
    if (auto memref = dyn_cast<MemRefType>(type)) {
      words.push_back(emit.ptr);
      words.append(isPlain(type) ? memref.getNumDynamicDims() : 1 + 2 * memref.getRank(), emit.i64);
    } else {
      words.push_back(converted);
    }
  }

  SmallVector<Value> pack(Value value, Emitter &emit) const {
    auto memref = dyn_cast<MemRefType>(type);
    Value converted = emit.toLLVM(value);
    if (!memref)
      return {converted};
    MemRefDescriptor descriptor(converted);
    OpBuilder &b = emit.builder;
    SmallVector<Value> values{descriptor.alignedPtr(b, emit.loc)};
    if (!isPlain(type))
      values.push_back(descriptor.offset(b, emit.loc));
    for (int64_t i = 0; i < memref.getRank(); ++i)
      if (!isPlain(type) || memref.isDynamicDim(i))
        values.push_back(descriptor.size(b, emit.loc, i));
    if (!isPlain(type))
      for (int64_t i = 0; i < memref.getRank(); ++i)
        values.push_back(descriptor.stride(b, emit.loc, i));
    return values;
  }

  Value unpack(ArrayRef<Value> values, Emitter &emit) const {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref)
      return emit.cast(type, values[0]);
    if (isPlain(type))
      return emit.memref(memref, values[0], values.drop_front());
    OpBuilder &b = emit.builder;
    auto descriptor = MemRefDescriptor::poison(b, emit.loc, emit.types.convertType(type));
    descriptor.setAllocatedPtr(b, emit.loc, values[0]);
    descriptor.setAlignedPtr(b, emit.loc, values[0]);
    descriptor.setOffset(b, emit.loc, values[1]);
    for (int64_t i = 0; i < memref.getRank(); ++i) {
      descriptor.setSize(b, emit.loc, i, values[2 + i]);
      descriptor.setStride(b, emit.loc, i, values[2 + memref.getRank() + i]);
    }
    return emit.cast(type, descriptor);
  }
};

struct ConvertLaunchesToLLVM : impl::ConvertLaunchesToLLVMBase<ConvertLaunchesToLLVM> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto machine = kernel::MachineFunction::get(module.lookupSymbol<func::FuncOp>("main"));
    auto workspace = module.lookupSymbol<func::FuncOp>("main_workspace");
    auto shapes = module.lookupSymbol<func::FuncOp>("main_shapes");
    auto work = module.lookupSymbol<func::FuncOp>("main_work");
    if (!machine || !workspace || !shapes || !work) {
      module.emitError(
          "expects @main as a machine function, @main_workspace, @main_shapes and @main_work");
      return signalPassFailure();
    }
    LLVMTypeConverter types(&getContext());
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    Location loc = machine->function().getLoc();
    Type ptr = LLVM::LLVMPointerType::get(&getContext()), i64 = builder.getI64Type();
    Type none = LLVM::LLVMVoidType::get(&getContext());
    LLVM::LLVMFuncOp::create(builder, loc, "tw_launch",
                             LLVM::LLVMFunctionType::get(none, {ptr, ptr, ptr, i64}));
    SmallVector<kernel::LaunchOp> launches;
    machine->function().walk([&](kernel::LaunchOp op) { launches.push_back(op); });
    for (kernel::LaunchOp op : launches)
      convertLaunch(op, *machine, types);
    module.walk([&](kernel::BufferOp op) { convertBuffer(op, types); });

    emitRun(entry(builder, loc, "tw_model_run", none, {ptr, i64}), *machine, types);
    emitWorkspace(entry(builder, loc, "tw_model_workspace", i64, {ptr, i64}), workspace, types);
    emitShapes(entry(builder, loc, "tw_model_shapes", none, {ptr, ptr}), shapes, types);
    emitWork(entry(builder, loc, "tw_model_work", none, {ptr, ptr}), work, types);
    if (auto checks = module.lookupSymbol<func::FuncOp>("main_checks"))
      emitCheck(entry(builder, loc, "tw_model_check", i64, {ptr}), checks, types);
    machine->function().setPrivate();
  }

  static LLVM::LLVMFuncOp entry(OpBuilder &builder, Location loc, StringRef name, Type result,
                                ArrayRef<Type> inputs) {
    auto function =
        LLVM::LLVMFuncOp::create(builder, loc, name, LLVM::LLVMFunctionType::get(result, inputs));
    function.setVisibility_(LLVM::Visibility::Hidden);
    function.addEntryBlock(builder);
    return function;
  }

  // The callee, with its share's arguments unpacked from a closure: void(const void *closure,
  // int64_t tid, int64_t threads).
  static LLVM::LLVMFuncOp shareOf(kernel::LaunchOp op, ArrayRef<Capture> captures,
                                  const LLVMTypeConverter &types) {
    std::string name = (op.getCallee() + "_share").str();
    auto module = op->getParentOfType<ModuleOp>();
    if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(name))
      return existing;
    OpBuilder builder(op->getParentOfType<func::FuncOp>());
    Type ptr = LLVM::LLVMPointerType::get(op.getContext()), i64 = builder.getI64Type();
    auto share = entry(builder, op.getLoc(), name, LLVM::LLVMVoidType::get(op.getContext()),
                       {ptr, i64, i64});
    share.setLinkage(LLVM::Linkage::Internal);
    share.setVisibility_(LLVM::Visibility::Default);
    Block &body = share.getBody().front();
    Emitter emit(OpBuilder::atBlockEnd(&body), op.getLoc(), types);
    SmallVector<Value> arguments;
    int64_t word = 0;
    for (const Capture &capture : captures) {
      SmallVector<Value> values;
      for (Type type : capture.words)
        values.push_back(emit.load(type, body.getArgument(0), word++));
      arguments.push_back(capture.unpack(values, emit));
    }
    arguments.push_back(emit.toIndex(body.getArgument(1)));
    arguments.push_back(emit.toIndex(body.getArgument(2)));
    func::CallOp::create(emit.builder, op.getLoc(), op.getCallee(), TypeRange(), arguments);
    LLVM::ReturnOp::create(emit.builder, op.getLoc(), ValueRange());
    return share;
  }

  static void convertLaunch(kernel::LaunchOp op, kernel::MachineFunction machine,
                            const LLVMTypeConverter &types) {
    Emitter emit(OpBuilder(op), op.getLoc(), types);
    SmallVector<Capture> captures;
    int64_t words = 0;
    for (Value value : op.getCaptures()) {
      captures.emplace_back(value.getType(), emit);
      words += captures.back().words.size();
    }
    // In the entry block: a launch in a loop over layers must not grow the stack.
    Emitter front(OpBuilder::atBlockBegin(&machine.function().getBody().front()), op.getLoc(),
                  types);
    Value closure = LLVM::AllocaOp::create(front.builder, op.getLoc(), emit.ptr, emit.i64,
                                           front.constant(std::max<int64_t>(words, 1)));
    int64_t word = 0;
    for (auto [capture, value] : llvm::zip(captures, op.getCaptures()))
      for (Value part : capture.pack(value, emit))
        emit.store(part, closure, word++);
    LLVM::LLVMFuncOp share = shareOf(op, captures, types);
    Value region = LLVM::AddressOfOp::create(emit.builder, op.getLoc(), share);
    LLVM::CallOp::create(emit.builder, op.getLoc(), TypeRange(), "tw_launch",
                         ValueRange{machine.call(), region, closure, emit.toLLVM(machine.tid())});
    op.erase();
  }

  static void convertBuffer(kernel::BufferOp op, const LLVMTypeConverter &types) {
    Emitter emit(OpBuilder(op), op.getLoc(), types);
    Value buffers = emit.load(emit.ptr, op.getCall(), kBuffers);
    Value address = emit.load(emit.ptr, buffers, emit.toLLVM(op.getPosition()));
    auto sizes = llvm::map_to_vector(op.getSizes(), [&](Value size) { return emit.toLLVM(size); });
    op.replaceAllUsesWith(emit.memref(cast<MemRefType>(op.getType()), address, sizes));
    op.erase();
  }

  // void tw_model_run(const tw_call *call, int64_t tid)
  static void emitRun(LLVM::LLVMFuncOp function, kernel::MachineFunction machine,
                      const LLVMTypeConverter &types) {
    Block &body = function.getBody().front();
    Emitter emit(OpBuilder::atBlockEnd(&body), function.getLoc(), types);
    Value call = body.getArgument(0);
    Value symbols = emit.load(emit.ptr, call, kSymbols);
    SmallVector<Value> arguments;
    for (size_t i = 0; i < machine.symbols().size(); ++i)
      arguments.push_back(emit.toIndex(emit.load(emit.i64, symbols, i)));
    auto bytes = cast<MemRefType>(machine.workspace().getType());
    for (CallField base : {kWorkspace, kWeights})
      arguments.push_back(emit.memref(bytes, emit.load(emit.ptr, call, base), emit.constant(0)));
    arguments.push_back(emit.toIndex(emit.load(emit.i64, call, kThreads)));
    arguments.push_back(emit.toIndex(body.getArgument(1)));
    arguments.push_back(call);
    func::CallOp::create(emit.builder, emit.loc, machine.function(), arguments);
    LLVM::ReturnOp::create(emit.builder, emit.loc, ValueRange());
  }

  // int64_t tw_model_workspace(const int64_t *symbols, int64_t threads)
  static void emitWorkspace(LLVM::LLVMFuncOp function, func::FuncOp callee,
                            const LLVMTypeConverter &types) {
    Block &body = function.getBody().front();
    Emitter emit(OpBuilder::atBlockEnd(&body), function.getLoc(), types);
    auto call = callWithSymbols(emit, body, callee, emit.toIndex(body.getArgument(1)));
    LLVM::ReturnOp::create(emit.builder, emit.loc, emit.toLLVM(call.getResult(0)));
  }

  // callee(symbols..., more...), where the first argument of `body` points to the symbols.
  static func::CallOp callWithSymbols(Emitter &emit, Block &body, func::FuncOp callee,
                                      ArrayRef<Value> more = {}) {
    SmallVector<Value> arguments;
    for (unsigned i = 0; i + more.size() < callee.getNumArguments(); ++i)
      arguments.push_back(emit.toIndex(emit.load(emit.i64, body.getArgument(0), i)));
    llvm::append_range(arguments, more);
    return func::CallOp::create(emit.builder, emit.loc, callee, arguments);
  }

  // void tw_model_work(const int64_t *symbols, int64_t *work)
  static void emitWork(LLVM::LLVMFuncOp function, func::FuncOp callee,
                       const LLVMTypeConverter &types) {
    Block &body = function.getBody().front();
    Emitter emit(OpBuilder::atBlockEnd(&body), function.getLoc(), types);
    auto type = cast<MemRefType>(callee.getArgumentTypes().back());
    callWithSymbols(emit, body, callee, emit.memref(type, body.getArgument(1), emit.constant(0)));
    LLVM::ReturnOp::create(emit.builder, emit.loc, ValueRange());
  }

  // int64_t tw_model_check(const int64_t *symbols)
  static void emitCheck(LLVM::LLVMFuncOp function, func::FuncOp callee,
                        const LLVMTypeConverter &types) {
    Block &body = function.getBody().front();
    Emitter emit(OpBuilder::atBlockEnd(&body), function.getLoc(), types);
    auto call = callWithSymbols(emit, body, callee);
    LLVM::ReturnOp::create(emit.builder, emit.loc, emit.toLLVM(call.getResult(0)));
  }

  // void tw_model_shapes(const int64_t *symbols, int64_t *dims)
  static void emitShapes(LLVM::LLVMFuncOp function, func::FuncOp callee,
                         const LLVMTypeConverter &types) {
    Block &body = function.getBody().front();
    Emitter emit(OpBuilder::atBlockEnd(&body), function.getLoc(), types);
    auto call = callWithSymbols(emit, body, callee);
    for (auto [i, size] : llvm::enumerate(call.getResults()))
      emit.store(emit.toLLVM(size), body.getArgument(1), i);
    LLVM::ReturnOp::create(emit.builder, emit.loc, ValueRange());
  }
};
} // namespace
} // namespace tilewright
