// RUN: tilewright-opt %s --pass-pipeline='builtin.module(func.func(xf-widen-floats))' -split-input-file | FileCheck %s

// Inputs and weights are widened where they are read, results rounded; in between is f32, the exporter's rounded √2 what it was.
// CHECK: xf.weight_data @w : tensor<64x32xf16>
// CHECK-LABEL: func @model
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x64xf16>
// CHECK-SAME: -> (tensor<?x32xf16>
// CHECK-DAG: %[[XW:.*]] = xf.cast %[[X]] : (tensor<?x64xf16>) -> tensor<?x64xf32>
// CHECK-DAG: %[[W:.*]] = xf.weight @w : tensor<64x32xf16>
// CHECK-DAG: %[[WW:.*]] = xf.cast %[[W]] : (tensor<64x32xf16>) -> tensor<64x32xf32>
// CHECK-DAG: %[[C:.*]] = arith.constant dense<1.41421354> : tensor<f32>
// CHECK: %[[P:.*]] = xf.matmul %[[XW]], %[[WW]] : {{.*}} -> tensor<?x32xf32>
// CHECK: %[[Q:.*]] = xf.binary div %[[P]], %[[C]]
// CHECK: %[[R:.*]] = xf.cast %[[Q]] : (tensor<?x32xf32>) -> tensor<?x32xf16>
// CHECK: return %[[R]]
xf.weight_data @w : tensor<64x32xf16> from #xf.source<"m.onnx", 0, 4096, raw>
func.func @model(%x: tensor<?x64xf16> {xf.name = "x", xf.dims = ["s", ""]}) -> (tensor<?x32xf16> {xf.name = "y", xf.dims = ["s", ""]}) {
  %w = xf.weight @w : tensor<64x32xf16>
  %c = arith.constant dense<1.414> : tensor<f16>
  %p = xf.matmul %x, %w : (tensor<?x64xf16>, tensor<64x32xf16>) -> tensor<?x32xf16>
  %q = xf.binary div %p, %c : (tensor<?x32xf16>, tensor<f16>) -> tensor<?x32xf16>
  return %q : tensor<?x32xf16>
}

// -----

// A Cast that is cast back is there to round; one that only says how a value is stored is not.
// CHECK-LABEL: func @casts
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<4xf32>
// CHECK: %[[N:.*]] = xf.cast %[[X]] : (tensor<4xf32>) -> tensor<4xbf16>
// CHECK: xf.cast %[[N]] : (tensor<4xbf16>) -> tensor<4xf32>
// CHECK: %[[S:.*]] = xf.cast %[[X]] : (tensor<4xf32>) -> tensor<4xf32>
// CHECK: xf.unary exp %[[S]] : (tensor<4xf32>) -> tensor<4xf32>
func.func @casts(%x: tensor<4xf32> {xf.name = "x", xf.dims = [""]}) -> (tensor<4xf32> {xf.name = "y", xf.dims = [""]}, tensor<4xbf16> {xf.name = "z", xf.dims = [""]}) {
  %n = xf.cast %x : (tensor<4xf32>) -> tensor<4xbf16>
  %y = xf.cast %n : (tensor<4xbf16>) -> tensor<4xf32>
  %s = xf.cast %x : (tensor<4xf32>) -> tensor<4xbf16>
  %z = xf.unary exp %s : (tensor<4xbf16>) -> tensor<4xbf16>
  return %y, %z : tensor<4xf32>, tensor<4xbf16>
}
