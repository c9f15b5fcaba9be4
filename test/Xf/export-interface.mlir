// RUN: tilewright-opt %s -split-input-file --xf-export-interface --canonicalize --verify-diagnostics | FileCheck %s

// CHECK: module attributes {xf.interface =
// CHECK-SAME: inputs = [{dims = ["batch", "seq", ""], name = "x", type = tensor<?x?x8xf32>}, {dims = ["past"], name = "p"
// CHECK-SAME: outputs = [{dims = ["batch", "", ""], name = "y"
// CHECK-SAME: symbols = ["batch", "seq", "past"]
// CHECK: func.func private @main_shapes() -> (index, index, index)
// CHECK-DAG: %[[BATCH:.*]] = xf.dim "batch"
// CHECK-DAG: %[[SEQ:.*]] = xf.dim "seq"
// CHECK-DAG: %[[PAST:.*]] = xf.dim "past"
// CHECK: %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]]
// CHECK: return %[[BATCH]], %[[TOTAL]], %{{.*}} : index, index, index
// CHECK: func.func @main(%{{.*}} {xf.buffers = array<i64: 0>, {{.*}} {xf.buffers = array<i64: 1>,
// CHECK-SAME: -> (tensor<?x?x8xf32> {xf.buffers = array<i64: 2>,
func.func @main(%x: tensor<?x?x8xf32> {xf.name = "x", xf.dims = ["batch", "seq", ""]},
                %p: tensor<?xf32> {xf.name = "p", xf.dims = ["past"]})
    -> (tensor<?x?x8xf32> {xf.name = "y", xf.dims = ["batch", "", ""]}) {
  %b = xf.dim "batch"
  %s = xf.dim "seq"
  %n = xf.dim "past"
  %total = arith.addi %s, %n : index
  %y = tensor.empty(%b, %total) : tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// CHECK: module attributes {xf.interface = {checks = ["'n' * 3 to be a multiple of 4", "'n' to be equal to 'm' * 'm'"]
// CHECK: func.func private @main_checks() -> index
// CHECK: %[[M:.*]] = arith.muli
// CHECK: %[[SECOND:.*]] = arith.cmpi ne, %{{.*}}, %[[M]]
// CHECK: %[[LAST:.*]] = arith.select %[[SECOND]]
// CHECK: %[[FIRST:.*]] = arith.cmpi ne
// CHECK: %[[ANSWER:.*]] = arith.select %[[FIRST]], %{{.*}}, %[[LAST]]
// CHECK: return %[[ANSWER]]
// CHECK: func.func @main(
// CHECK-NOT: xf.require
func.func @main(%x: tensor<?xf32> {xf.name = "x", xf.dims = ["n"]}, %y: tensor<?xf32> {xf.name = "y", xf.dims = ["m"]})
    -> (tensor<?xf32> {xf.name = "z", xf.dims = ["n"]}) {
  %zero = arith.constant 0 : index
  %three = arith.constant 3 : index
  %four = arith.constant 4 : index
  %n = xf.dim "n"
  %m = xf.dim "m"
  %all = arith.muli %n, %three : index
  %rest = arith.remsi %all, %four : index
  %square = arith.muli %m, %m : index
  xf.require %rest equals %zero
  xf.require %n equals %square
  return %x : tensor<?xf32>
}

// -----

// expected-error @+1 {{expects a name for dynamic dimension 1 of input 'x' in xf.dims}}
func.func @main(%x: tensor<2x?xf32> {xf.name = "x", xf.dims = ["", ""]}) {
  return
}

// -----

// expected-error @+1 {{expects the size of dimension 0 of output 'y' to follow from the sizes of inputs; it depends on data}}
func.func @main(%n: tensor<index> {xf.name = "n"}) -> (tensor<?xf32> {xf.name = "y"}) {
  %size = tensor.extract %n[] : tensor<index>
  %y = tensor.empty(%size) : tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// expected-error @+1 {{expects a model: a function @main with a body of one block}}
module {}

// -----

// expected-error @+1 {{expects output 'output0' to be a ranked tensor}}
func.func @main(%x: tensor<4xf32> {xf.name = "x"}) -> index {
  %c = arith.constant 3 : index
  return %c : index
}

// -----

// A quotient by a size is one by at least 1.
// CHECK: func.func private @main_shapes() -> index
// CHECK: %[[B:.*]] = arith.maxsi
// CHECK: arith.divsi %{{.*}}, %[[B]]
func.func @main(%x: tensor<?x?xf32> {xf.name = "x", xf.dims = ["a", "b"]}) -> tensor<?xf32> {
  %one = arith.constant 1 : index
  %a = xf.dim "a"
  %b = xf.dim "b"
  %c = arith.maxsi %b, %one : index
  %q = arith.divsi %a, %c : index
  %y = tensor.empty(%q) : tensor<?xf32>
  return %y : tensor<?xf32>
}
