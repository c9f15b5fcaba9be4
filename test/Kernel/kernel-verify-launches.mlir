// RUN: tilewright-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(kernel-verify-launches))' --verify-diagnostics

func.func private @main_region_0(%x: memref<4xi64>, %tid: index, %threads: index)

func.func @main(%x: memref<4xi64>, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %c = memref.load %x[%zero] : memref<4xi64>
  %n = arith.index_cast %c : i64 to index
  scf.for %i = %zero to %n step %n {
    kernel.launch @main_region_0(%x) : memref<4xi64>
  }
  return
}

// -----

func.func @main(%x: memref<4xi64>, %ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %c = arith.constant 1 : i64
  // expected-error @+1 {{stands outside every region, where all threads run it; expects only sizes, addresses and launches there}}
  memref.store %c, %x[%zero] : memref<4xi64>
  return
}
