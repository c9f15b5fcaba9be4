// RUN: tilewright-opt %s --allow-unregistered-dialect -split-input-file --kernel-layout-weights --canonicalize --verify-diagnostics | FileCheck %s

// In order of first use, at multiples of 64 bytes; weights that no code reads have no place.
// CHECK: module attributes {kernel.weights =
// CHECK-SAME: [{bytes = 40 : i64, offset = 0 : i64, symbol = @b}, {bytes = 96 : i64, offset = 64 : i64, symbol = @layers}]
// CHECK-SAME: kernel.weights_size = 192 : i64
xf.weight_data @layers : tensor<3x4x2xf32> from #xf.source<"model.bin", 0, 96, raw>
xf.weight_data @b : tensor<10xf32> from #xf.source<"model.bin", 96, 40, raw>
xf.weight_data @unused : tensor<10xf32> from #xf.source<"model.bin", 96, 40, raw>
// CHECK: func.func @main(%[[L:.*]]: index, %{{.*}}: memref<?xi8>, %[[WEIGHTS:.*]]: memref<?xi8>
// CHECK: memref.view %[[WEIGHTS]][%c0][] : memref<?xi8> to memref<10xf32>
// CHECK: %[[STRIDE:.*]] = arith.muli %[[L]], %c32
// CHECK: %[[AT:.*]] = arith.addi %[[STRIDE]], %c64
// CHECK: memref.view %[[WEIGHTS]][%[[AT]]][] : memref<?xi8> to memref<4x2xf32>
func.func @main(%l: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["l"]} {
  %b = kernel.weight @b : memref<10xf32>
  %w = kernel.weight @layers[%l] : memref<4x2xf32>
  %again = kernel.weight @b : memref<10xf32>
  "test.use"(%b, %w, %again) : (memref<10xf32>, memref<4x2xf32>, memref<10xf32>) -> ()
  return
}

// -----

// Another level of the artefact has laid out @first and @b: they stay, @c comes behind them.
// CHECK: module attributes {kernel.weights =
// CHECK-SAME: [{bytes = 8 : i64, offset = 0 : i64, symbol = @first}, {bytes = 40 : i64, offset = 64 : i64, symbol = @b},
// CHECK-SAME: {bytes = 4 : i64, offset = 128 : i64, symbol = @c}]
// CHECK-SAME: kernel.weights_size = 192 : i64
// CHECK: memref.view %{{.*}}[%c128]
// CHECK: memref.view %{{.*}}[%c64]
module attributes {kernel.weights = [{bytes = 8 : i64, offset = 0 : i64, symbol = @first}, {bytes = 40 : i64, offset = 64 : i64, symbol = @b}],
                   kernel.weights_size = 128 : i64} {
  func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
      attributes {kernel.symbols = []} {
    %c = kernel.weight @c : memref<1xf32>
    %b = kernel.weight @b : memref<10xf32>
    "test.use"(%c, %b) : (memref<1xf32>, memref<10xf32>) -> ()
    return
  }
}

// -----

func.func @main(%l: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["l"]} {
  // expected-error @+1 {{refers to unknown weight @missing}}
  %w = kernel.weight @missing[%l] : memref<4xf32>
  "test.use"(%w) : (memref<4xf32>) -> ()
  return
}
