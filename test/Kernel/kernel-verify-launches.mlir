// RUN: tilewright-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(kernel-verify-launches))' --verify-diagnostics

// Single elements of inputs and weights, also through views.
func.func private @main_region_0(%n: index, %tid: index, %threads: index)

func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %x = kernel.buffer %call[%zero]() : memref<4xi64>
  %half = memref.subview %x[2] [2] [1] : memref<4xi64> to memref<2xi64, strided<[1], offset: 2>>
  %w = memref.view %weights[%zero][] : memref<?xi8> to memref<4xi64>
  %a = memref.load %half[%zero] : memref<2xi64, strided<[1], offset: 2>>
  %b = memref.load %w[%zero] : memref<4xi64>
  %sum = arith.addi %a, %b : i64
  %n = arith.index_cast %sum : i64 to index
  scf.for %i = %zero to %n step %n {
    kernel.launch @main_region_0(%n) : index
  }
  return
}

// -----

func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %c = arith.constant 1 : i64
  %y = kernel.buffer output %call[%zero]() : memref<4xi64>
  // expected-error @+1 {{stands outside every region, where all threads run it; expects only sizes, addresses, launches and reads of inputs and weights there}}
  memref.store %c, %y[%zero] : memref<4xi64>
  return
}

// -----

// Another thread may still write it.
func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %y = kernel.buffer output %call[%zero]() : memref<4xi64>
  // expected-error @+1 {{stands outside every region}}
  %c = memref.load %y[%zero] : memref<4xi64>
  return
}

// -----

func.func @main(%ws: memref<?xi8>, %weights: memref<?xi8>, %threads: index, %tid: index, %call: !llvm.ptr)
    attributes {kernel.symbols = []} {
  %zero = arith.constant 0 : index
  %t = memref.view %ws[%zero][] : memref<?xi8> to memref<4xi64>
  // expected-error @+1 {{stands outside every region}}
  %c = memref.load %t[%zero] : memref<4xi64>
  return
}
