// RUN: tilewright-opt %s --allow-unregistered-dialect -split-input-file --kernel-outline-regions --verify-diagnostics | FileCheck %s

// Addresses and symbols are captured; what is computed from them is repeated inside. The ONNX node gives its name.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[N:[a-z0-9]+]]: index, %[[WS:[a-z0-9]+]]: memref<?xi8>,
// CHECK-NOT: scf.forall
// CHECK: kernel.launch @main_region_0(%[[WS]], %[[N]]) : memref<?xi8>, index
// CHECK: kernel.launch @"main_region_1:query_1/Mat_Mul+1"(%[[N]]) : index
// CHECK-LABEL: func.func private @main_region_0
// CHECK-SAME: (%[[BYTES:[a-z0-9]+]]: memref<?xi8>, %[[M:[a-z0-9]+]]: index, %[[TID:.*]]: index, %[[NT:.*]]: index)
// CHECK: memref.alloca() : memref<8xf32>
// CHECK: %[[BUFFER:.*]] = memref.view %[[BYTES]]
// CHECK: %[[ALL:.*]] = arith.muli %[[M]], %[[M]]
// CHECK: %[[BEFORE:.*]] = arith.muli %[[ALL]], %[[TID]]
// CHECK: %[[FROM:.*]] = arith.divui %[[BEFORE]], %[[NT]]
// CHECK: %[[TO:.*]] = arith.divui %{{.*}}, %[[NT]]
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]] step %{{.*}} iter_args(%[[I:.*]] = %{{.*}}, %[[J:.*]] = %{{.*}}) -> (index, index)
// CHECK-NOT: div
// CHECK: "test.use"(%[[I]], %[[J]], %[[BUFFER]], %[[TID]]
// CHECK: %[[NEXT:.*]] = arith.addi %[[J]]
// CHECK: %[[WRAPS:.*]] = arith.cmpi eq, %[[NEXT]], %[[M]]
// CHECK: arith.select %[[WRAPS]]
func.func @main(%n: index, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = ["n"]} {
  %zero = arith.constant 0 : index
  %buffer = memref.view %ws[%zero][%n] : memref<?xi8> to memref<?xf32>
  scf.forall (%i, %j) in (%n, %n) {
    %scratch = memref.alloca() : memref<8xf32>
    "test.use"(%i, %j, %buffer, %tid, %scratch) : (index, index, memref<?xf32>, index, memref<8xf32>) -> ()
  }
  scf.forall (%i) = (1) to (%n) step (4) {
    // Parallelism is spent: what is inside runs in order.
    scf.forall (%j) in (3) {
      "test.inner"(%i, %j) : (index, index) -> ()
    }
  } loc(fused["query@1/Mat Mul", "key/MatMul"])
  return
}
// CHECK-LABEL: func.func private @"main_region_1:query_1/Mat_Mul+1"
// CHECK: scf.for %{{.*}} iter_args(%[[K:.*]] =
// CHECK: %[[SCALED:.*]] = arith.muli %[[K]], %c4
// CHECK: %[[INDEX:.*]] = arith.addi %[[SCALED]], %c1
// CHECK: scf.for %[[J:.*]] =
// CHECK-NEXT: "test.inner"(%[[INDEX]], %[[J]])

// -----

func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %init = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{expects a parallel loop without results: bufferization comes first}}
  %r = scf.forall (%i) in (4) shared_outs(%o = %init) -> tensor<4xf32> {
    scf.forall.in_parallel {
    }
  }
  return
}
