// RUN: not tilewright-opt %s -split-input-file --tw-verify-stage=stage=machine 2>&1 | FileCheck %s
// RUN: not tilewright-opt %s --tw-verify-stage=stage=nowhere 2>&1 | FileCheck %s --check-prefix=NAME

// NAME: expects the name of a stage, got 'nowhere'

// CHECK: 'func.func' op is still alive after stage 'machine', which leaves only llvm, xf.weight_data
func.func @main() {
  return
}

// -----

// CHECK: 'llvm.mlir.global' op expects constants of at most 4096 bytes, got 4100; larger ones are weights
llvm.mlir.global constant @big(dense_resource<data> : tensor<1025xf32>) : !llvm.array<1025 x f32>

{-# dialect_resources: { builtin: { data: "0x0400000000000000" } } #-}

// -----

// Attributes of a file's node are a dictionary.
// CHECK: 'llvm.mlir.global' op expects constants of at most 4096 bytes, got 4100; larger ones are weights
llvm.mlir.global constant @inside(0 : i32) {attrs = {value = dense_resource<data> : tensor<1025xf32>}} : i32

{-# dialect_resources: { builtin: { data: "0x0400000000000000" } } #-}

// -----

// What stands inside a weight is evaluated, not compiled.
// CHECK-NOT: error
xf.weight_data @w : tensor<4xf32> from #xf.source<"model.onnx", 0, 16, raw>
xf.weight_data @double : tensor<4xf32> init {
  %0 = xf.weight @w : tensor<4xf32>
  %1 = xf.binary add %0, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  xf.yield %1 : tensor<4xf32>
}
