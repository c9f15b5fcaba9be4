// RUN: tilewright-opt %s --allow-unregistered-dialect -split-input-file --bind-symbols --canonicalize --verify-diagnostics | FileCheck %s

module attributes {xf.interface = {
    inputs = [{name = "x", type = tensor<?x?xf32>, dims = ["batch", "seq"]}],
    outputs = [{name = "y", type = tensor<?xf32>, dims = ["batch"]}], symbols = ["batch", "seq"]}} {
  // CHECK: func.func private @main_shapes(%[[B0:.*]]: index, %{{.*}}: index) -> index
  // CHECK: %[[TWICE:.*]] = arith.addi %[[B0]], %[[B0]]
  // CHECK: return %[[TWICE]]
  func.func private @main_shapes() -> index {
    %b = xf.dim "batch"
    %twice = arith.addi %b, %b : index
    return %twice : index
  }
  // CHECK: func.func @main(%[[B:[a-z0-9]+]]: index, %[[S:[a-z0-9]+]]: index, %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>,
  // CHECK-SAME: %{{.*}}: index, %{{.*}}: index, %[[CALL:.*]]: !llvm.ptr)
  // CHECK-SAME: kernel.symbols = ["batch", "seq"]
  func.func @main(%x: memref<?x?xf32> {xf.buffers = array<i64: 0>}, %y: memref<?xf32> {xf.buffers = array<i64: 1>}) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %seq = xf.dim "seq"
    %cols = memref.dim %x, %one : memref<?x?xf32>
    %rows = memref.dim %y, %zero : memref<?xf32>
    // CHECK-DAG: %[[ROWS:.*]] = arith.addi %[[B]], %[[B]]
    // CHECK-DAG: %[[X:.*]] = kernel.buffer %[[CALL]][%c0] (%[[B]], %[[S]]) : memref<?x?xf32>
    // CHECK: %[[Y:.*]] = kernel.buffer output %[[CALL]][%c1] (%[[ROWS]]) : memref<?xf32>
    // CHECK: "test.use"(%[[S]], %[[S]], %[[ROWS]], %[[X]], %[[Y]])
    "test.use"(%seq, %cols, %rows, %x, %y) : (index, index, index, memref<?x?xf32>, memref<?xf32>) -> ()
    return
  }
}

// -----

// The caches of two layers are one argument: a view of a layer is a view of the buffer at its position, which is linear in the layer
// for inputs (0, 2, 4) and looked up for outputs (6, 8, 7).
module attributes {xf.interface = {
    inputs = [{name = "k0", type = tensor<?x4xf32>, dims = ["past", ""]}, {name = "a", type = tensor<f32>, dims = []},
              {name = "k1", type = tensor<?x4xf32>, dims = ["past", ""]}, {name = "b", type = tensor<f32>, dims = []},
              {name = "k2", type = tensor<?x4xf32>, dims = ["past", ""]}, {name = "c", type = tensor<f32>, dims = []}],
    outputs = [{name = "y0", type = tensor<?x4xf32>, dims = ["past", ""]}, {name = "y2", type = tensor<?x4xf32>, dims = ["past", ""]},
               {name = "y1", type = tensor<?x4xf32>, dims = ["past", ""]}], symbols = ["past"]}} {
  func.func private @main_shapes() -> (index, index, index, index, index, index) {
    %p = xf.dim "past"
    %four = arith.constant 4 : index
    return %p, %four, %p, %four, %p, %four : index, index, index, index, index, index
  }
  // CHECK: func.func @main(
  // CHECK-SAME: %[[P:[a-z0-9]+]]: index, %{{.*}} %[[CALL:[a-z0-9]+]]: !llvm.ptr
  func.func @main(%k: memref<3x?x4xf32> {xf.buffers = array<i64: 0, 2, 4>}, %s: memref<3xf32> {xf.buffers = array<i64: 1, 3, 5>},
                  %y: memref<3x?x4xf32> {xf.buffers = array<i64: 6, 8, 7>}) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %three = arith.constant 3 : index
    %n = memref.dim %k, %one : memref<3x?x4xf32>
    // CHECK: %[[LAST:.*]] = kernel.buffer %[[CALL]][%c4] (%[[P]]) : memref<1x?x4xf32>
    // CHECK: memref.subview %[[LAST]][0, 0, 0]
    %last = memref.subview %k[2, 0, 0] [1, %n, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
    "test.use"(%last) : (memref<?x4xf32, strided<[4, 1], offset: ?>>) -> ()
    // CHECK: scf.for %[[L:.*]] =
    scf.for %l = %zero to %three step %one {
      // CHECK: %[[TWICE:.*]] = arith.muli %[[L]], %c2
      // CHECK: %[[K:.*]] = kernel.buffer %[[CALL]][%[[TWICE]]] (%[[P]])
      // CHECK: memref.subview %[[K]][0, 0, 0] [1, %[[P]], 4]
      %in = memref.subview %k[%l, 0, 0] [1, %n, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<?x4xf32, strided<[4, 1], offset: ?>>
      // CHECK: %[[AT:.*]] = scf.index_switch %[[L]]
      // CHECK: case 1
      // CHECK-NEXT: yield %c8
      // CHECK: case 2
      // CHECK-NEXT: yield %c7
      // CHECK: default
      // CHECK-NEXT: yield %c6
      // CHECK: %[[Y:.*]] = kernel.buffer output %[[CALL]][%[[AT]]] (%[[P]]) : memref<1x?x4xf32>
      // CHECK: memref.subview %[[Y]][0, 1, 0] [1, 2, 4]
      %out = memref.subview %y[%l, 1, 0] [1, 2, 4] [1, 1, 1] : memref<3x?x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
      "test.use"(%in, %out) : (memref<?x4xf32, strided<[4, 1], offset: ?>>, memref<2x4xf32, strided<[4, 1], offset: ?>>) -> ()
    }
    return
  }
}

// -----

module attributes {xf.interface = {
    inputs = [{name = "a", type = tensor<4xf32>, dims = [""]}, {name = "b", type = tensor<4xf32>, dims = [""]}],
    outputs = [], symbols = []}} {
  func.func private @main_shapes() {
    return
  }
  func.func @main(%x: memref<2x4xf32> {xf.buffers = array<i64: 0, 1>}) {
    // expected-error @+1 {{expects one layer at a time of a stack of the caller's buffers, which lie apart}}
    "test.use"(%x) : (memref<2x4xf32>) -> ()
    return
  }
}

// -----

module attributes {xf.interface = {inputs = [], outputs = [], symbols = []}} {
  func.func private @main_shapes() {
    return
  }
  func.func @main() {
    // expected-error @+1 {{expects dimension 'seq' to be one of an input's}}
    %seq = xf.dim "seq"
    "test.use"(%seq) : (index) -> ()
    return
  }
}

// -----

// expected-error @+1 {{expects a model interface; xf-export-interface records it}}
module {
  func.func @main() {
    return
  }
}

// -----

module attributes {xf.interface = {inputs = [{name = "x", type = tensor<4xf32>, dims = [""]}], outputs = [], symbols = []}} {
  func.func private @main_shapes() {
    return
  }
  // expected-error @+1 {{expects xf.buffers on argument 0; xf-export-interface writes it}}
  func.func @main(%x: memref<4xf32>) {
    return
  }
}
