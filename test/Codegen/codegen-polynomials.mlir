// RUN: tilewright-opt %s --codegen-polynomials | FileCheck %s

// CHECK-LABEL: func.func @functions
// CHECK-NOT:     math.{{exp|tanh|erf|sin|cos|log|powf}}
// CHECK:         return
func.func @functions(%x: vector<16xf32>, %h: f16) -> (vector<16xf32>, f16) {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.tanh %0 : vector<16xf32>
  %2 = math.erf %1 : vector<16xf32>
  %3 = math.sin %2 : vector<16xf32>
  %4 = math.cos %3 : vector<16xf32>
  %5 = math.log %4 : vector<16xf32>
  %6 = math.powf %5, %x : vector<16xf32>
  %7 = math.log1p %6 : vector<16xf32>
  %8 = math.exp %h : f16
  return %7, %8 : vector<16xf32>, f16
}

// One comparison, one selection; the accumulator is what a NaN loses against.
// CHECK-LABEL: func.func @maximum(
// CHECK-SAME:    %[[X:.*]]: f32) -> f32
// CHECK-DAG:     %[[Z:.*]] = arith.constant 0.000000e+00 : f32
// CHECK-DAG:     %[[C:.*]] = arith.cmpf olt, %[[Z]], %[[X]]
// CHECK:         arith.select %[[C]], %[[X]], %[[Z]]
func.func @maximum(%x: f32) -> f32 {
  %zero = arith.constant 0.0 : f32
  %0 = arith.maxnumf %zero, %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @square
// CHECK:         arith.mulf
// CHECK-NEXT:    return
func.func @square(%x: vector<4xf32>) -> vector<4xf32> {
  %two = arith.constant dense<2.0> : vector<4xf32>
  %0 = math.powf %x, %two : vector<4xf32>
  return %0 : vector<4xf32>
}

// CHECK-LABEL: func.func @bf16
// CHECK-NOT:     arith.truncf
// CHECK:         arith.bitcast {{.*}} : vector<16xi16> to vector<16xbf16>
func.func @bf16(%x: vector<16xf32>) -> vector<16xbf16> {
  %0 = arith.truncf %x : vector<16xf32> to vector<16xbf16>
  return %0 : vector<16xbf16>
}
