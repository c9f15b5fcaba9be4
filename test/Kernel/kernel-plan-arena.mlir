// RUN: tilewright-opt %s --allow-unregistered-dialect -split-input-file --kernel-plan-arena --canonicalize --cse --verify-diagnostics | FileCheck %s

// Three buffers in a chain: the third takes the first one's slot.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %{{.*}}: index) -> index
// CHECK: %[[BYTES:.*]] = arith.muli %[[N]], %c256
// CHECK: %[[ROUNDED:.*]] = arith.andi
// CHECK: %[[TWO:.*]] = arith.addi %[[ROUNDED]], %[[ROUNDED]]
// CHECK: %[[RESULT:.*]] = arith.select %{{.*}}, %c-1, %[[TWO]]
// CHECK: return %[[RESULT]]
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[WS:[a-z0-9]+]]: memref<?xi8>, %{{[a-z0-9]+}}: memref<?xi8>
// CHECK: %[[A:.*]] = memref.view %[[WS]][%c0]
// CHECK: "test.write"(%[[A]])
// CHECK: %[[B:.*]] = memref.view %[[WS]][%[[SLOT:.*]]][
// CHECK: "test.copy"(%[[A]], %[[B]])
// CHECK: "test.copy"(%[[B]], %[[A]])
// CHECK: "test.read"(%[[A]])
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %a = memref.alloc(%n) : memref<?x64xf32>
  "test.write"(%a) : (memref<?x64xf32>) -> ()
  %b = memref.alloc(%n) : memref<?x64xf32>
  "test.copy"(%a, %b) : (memref<?x64xf32>, memref<?x64xf32>) -> ()
  %c = memref.alloc(%n) : memref<?x64xf32>
  "test.copy"(%b, %c) : (memref<?x64xf32>, memref<?x64xf32>) -> ()
  "test.read"(%c) : (memref<?x64xf32>) -> ()
  return
}

// -----

// Inside a parallel loop: small buffers on the stack, others one per thread.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %[[T:.*]]: index) -> index
// CHECK: %[[SIZE:.*]] = arith.muli %[[T]], %c8192
// CHECK: arith.select %{{.*}}, %c-1, %[[SIZE]]
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[TID:[a-z0-9]+]]: index, %{{[a-z0-9]+}}: !llvm.ptr
// CHECK: %[[MINE:.*]] = arith.muli %[[TID]], %c8192
// CHECK: scf.forall
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<16xf32>
// CHECK: memref.view %{{.*}}[%[[MINE]]][] : memref<?xi8> to memref<2048xf32>
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  scf.forall (%i) in (%n) {
    %small = memref.alloc() : memref<16xf32>
    %large = memref.alloc() : memref<2048xf32>
    "test.use"(%small, %large) : (memref<16xf32>, memref<2048xf32>) -> ()
  }
  return
}

// -----

// The smallest buffers of a region share the stack's budget: the third one does not fit any more.
// CHECK-LABEL: func.func @main
// CHECK: scf.forall
// CHECK: memref.view {{.*}} : memref<?xi8> to memref<800xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<400xf32>
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<500xf32>
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  scf.forall (%i) in (%n) {
    %a = memref.alloc() : memref<800xf32>
    %b = memref.alloc() : memref<400xf32>
    %c = memref.alloc() : memref<500xf32>
    "test.use"(%a, %b, %c) : (memref<800xf32>, memref<400xf32>, memref<500xf32>) -> ()
  }
  return
}

// -----

// A buffer that a loop reads in each iteration lives through the whole loop, also past its last use in the text.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.*]] = memref.view %{{.*}}[%c0]
// CHECK: scf.for
// CHECK:   "test.read"(%[[A]])
// CHECK:   %[[B:.*]] = memref.view %{{.*}}[%c8192]
// CHECK:   "test.write"(%[[B]])
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %a = memref.alloc() : memref<2048xf32>
  scf.for %l = %zero to %n step %one {
    "test.read"(%a) : (memref<2048xf32>) -> ()
    %b = memref.alloc() : memref<2048xf32>
    "test.write"(%b) : (memref<2048xf32>) -> ()
  }
  return
}

// -----

// A tile at the edge is smaller: planned with the size of a whole one, used with its own.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %[[T:.*]]: index) -> index
// CHECK: %[[SIZE:.*]] = arith.muli %[[T]], %c16384
// CHECK: arith.select %{{.*}}, %c-1, %[[SIZE]]
// CHECK-LABEL: func.func @main
// CHECK: scf.forall (%[[I:.*]]) =
// CHECK: %[[REST:.*]] = arith.subi
// CHECK: %[[TILE:.*]] = arith.minsi %[[REST]], %c64
// CHECK: memref.view %{{.*}}[%{{.*}}][%[[TILE]]] : memref<?xi8> to memref<?x64xf32>
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %whole = arith.constant 64 : index
  scf.forall (%i) = (0) to (%n) step (64) {
    %rest = arith.subi %n, %i : index
    %tile = arith.minsi %rest, %whole : index
    %t = memref.alloc(%tile) : memref<?x64xf32>
    "test.use"(%t) : (memref<?x64xf32>) -> ()
  }
  return
}

// -----

// Rows grow with their index: the last one's size, which follows from a symbol.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %[[T:.*]]: index) -> index
// CHECK: %[[LONGEST:.*]] = arith.maxsi %[[N]], %c0
// CHECK: %[[BYTES:.*]] = arith.muli %[[LONGEST]], %c256
// CHECK: %[[ROUNDED:.*]] = arith.andi
// CHECK: arith.muli %[[ROUNDED]], %[[T]]
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %one = arith.constant 1 : index
  scf.forall (%i) in (%n) {
    %keys = arith.addi %i, %one : index
    %t = memref.alloc(%keys) : memref<?x64xf32>
    "test.use"(%t) : (memref<?x64xf32>) -> ()
  }
  return
}

// -----

// A loop of one iteration inside a parallel one: each thread runs it, with a buffer of its own.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %[[T:.*]]: index) -> index
// CHECK: %[[ROUNDED:.*]] = arith.andi
// CHECK: arith.muli %[[ROUNDED]], %[[T]]
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  scf.forall (%i) in (%n) {
    scf.forall (%j) in (1) {
      %t = memref.alloc(%n) : memref<?x64xf32>
      "test.use"(%t) : (memref<?x64xf32>) -> ()
    }
  }
  return
}

// -----

// Products and sums that do not fit into 63 bits are no size: also where they would wrap to a small one.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %{{.*}}: index) -> index
// CHECK: %[[SQUARE:.*]] = arith.muli %[[N]], %[[N]]
// CHECK: %[[LOW:.*]], %[[HIGH:.*]] = arith.mulsi_extended %[[N]], %[[N]]
// CHECK: %[[SIGN:.*]] = arith.shrsi %[[LOW]], %c63
// CHECK: %[[BAD:.*]] = arith.cmpi ne, %[[HIGH]], %[[SIGN]]
// CHECK: arith.ori %[[BAD]]
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %t = memref.alloc(%n, %n) : memref<?x?xi8>
  "test.use"(%t) : (memref<?x?xi8>) -> ()
  return
}

// -----

// Nor are they a size of a result.
// CHECK-LABEL: func.func private @main_workspace
// CHECK-SAME: (%[[N:.*]]: index, %{{.*}}: index) -> index
// CHECK: arith.mulsi_extended %[[N]], %[[N]]
// CHECK: %[[RESULT:.*]] = arith.select %{{.*}}, %c-1, %c0
// CHECK: return %[[RESULT]]
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  return
}
func.func private @main_shapes(%n: index) -> index {
  %square = arith.muli %n, %n : index
  return %square : index
}

// -----

func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %x = kernel.buffer %call[%zero]() : memref<index>
  %n = memref.load %x[] : memref<index>
  // expected-error @+1 {{expects the size of this buffer to follow from the sizes of inputs; it depends on data, so the workspace cannot be planned}}
  %a = memref.alloc(%n) : memref<?xf32>
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}

// -----

// expected-error @+1 {{expects a machine function; bind-symbols makes it}}
module {
  func.func @main() {
    return
  }
}
