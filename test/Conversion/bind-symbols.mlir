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
  // CHECK: func.func @main(%[[X:.*]]: memref<?x?xf32>, %[[Y:.*]]: memref<?xf32>, %[[B:[a-z0-9]+]]: index, %[[S:[a-z0-9]+]]: index,
  // CHECK-SAME: %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>, %{{.*}}: index, %{{.*}}: index, %{{.*}}: !llvm.ptr)
  // CHECK-SAME: kernel.symbols = ["batch", "seq"]
  func.func @main(%x: memref<?x?xf32>, %y: memref<?xf32>) {
    %zero = arith.constant 0 : index
    %one = arith.constant 1 : index
    %seq = xf.dim "seq"
    %cols = memref.dim %x, %one : memref<?x?xf32>
    %rows = memref.dim %y, %zero : memref<?xf32>
    // CHECK: %[[ROWS:.*]] = arith.addi %[[B]], %[[B]]
    // CHECK: "test.use"(%[[S]], %[[S]], %[[ROWS]])
    "test.use"(%seq, %cols, %rows) : (index, index, index) -> ()
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
