// RUN: tilewright-opt --convert-onnx-to-xf --split-input-file %s | FileCheck %s

// What the code takes for granted about sizes is proved, listed in xf.requires, or an xf.require.

// A product of dimensions is no linear form.
// CHECK-LABEL: func.func @multiple
// CHECK-DAG: %[[N:.*]] = xf.dim "n"
// CHECK: %[[ALL:.*]] = arith.muli %[[N]], %{{.*}}
// CHECK: %[[REST:.*]] = arith.remsi %[[ALL]], %{{.*}}
// CHECK: xf.require %[[REST]] equals %{{.*}}
// CHECK-NOT: xf.require
func.func @multiple(%x: tensor<?x3xf32> {xf.name = "x", xf.dims = ["n", ""]}) -> !onnx.value {
  %s = arith.constant dense<[-1, 4]> : tensor<2xi64>
  %y = onnx.node "Reshape" domain "" since 13 (%x, %s) {} : (tensor<?x3xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// A dimension that a reshape to constants fixes.
// CHECK: module attributes {xf.requires = [{dims = ["n"], factors = array<i64: 3>, range = array<i64: 12, 12>}]}
// CHECK-NOT: xf.require
func.func @fixed(%x: tensor<?x3xf32> {xf.name = "x", xf.dims = ["n", ""]}) -> !onnx.value {
  %s = arith.constant dense<[2, 6]> : tensor<2xi64>
  %y = onnx.node "Reshape" domain "" since 13 (%x, %s) {} : (tensor<?x3xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// The filter fits into the padded input.
// CHECK: module attributes {xf.bounds = {n = array<i64: 3, {{[0-9]+}}>}}
// CHECK-NOT: xf.require
func.func @convolution(%x: tensor<1x6x?xf32> {xf.name = "x", xf.dims = ["", "", "n"]}, %w: tensor<4x3x5xf32>) -> !onnx.value {
  %y = onnx.node "Conv" domain "" since 11 (%x, %w) {group = 2 : i64, pads = array<i64: 1, 1>} : (tensor<1x6x?xf32>, tensor<4x3x5xf32>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// Proved: nothing is left to check, and heads split without a division.
// CHECK-NOT: xf.requires
// CHECK-LABEL: func.func @proved
// CHECK-NOT: xf.require
// CHECK-NOT: arith.divsi
func.func @proved(%x: tensor<?x?x8xf32> {xf.name = "x", xf.dims = ["b", "s", ""]}) -> !onnx.value {
  %s = arith.constant dense<[0, -1, 2, 4]> : tensor<4xi64>
  %y = onnx.node "Reshape" domain "" since 13 (%x, %s) {} : (tensor<?x?x8xf32>, tensor<4xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// Nothing can be chosen from an empty dimension.
// CHECK: module attributes {xf.bounds = {n = array<i64: 1, {{[0-9]+}}>}}
// CHECK-NOT: xf.require
func.func @choice(%x: tensor<?x3xf32> {xf.name = "x", xf.dims = ["n", ""]}, %i: tensor<2xi64> {xf.name = "i", xf.dims = [""]}) -> !onnx.value {
  %y = onnx.node "Gather" domain "" since 13 (%x, %i) {} : (tensor<?x3xf32>, tensor<2xi64>) -> !onnx.value
  return %y : !onnx.value
}

// -----

// But for no index at all.
// CHECK-LABEL: func.func @choices
// CHECK: xf.require
func.func @choices(%x: tensor<?x3xf32> {xf.name = "x", xf.dims = ["n", ""]}, %i: tensor<?xi64> {xf.name = "i", xf.dims = ["k"]}) -> !onnx.value {
  %y = onnx.node "Gather" domain "" since 13 (%x, %i) {} : (tensor<?x3xf32>, tensor<?xi64>) -> !onnx.value
  return %y : !onnx.value
}
