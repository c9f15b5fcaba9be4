// RUN: tilewright-opt %s --xf-raise-activations --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @gelu_torch
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>)
func.func @gelu_torch(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %root = arith.constant dense<1.41421354> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %0 = xf.binary div %x, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = xf.unary erf %0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = xf.binary add %1, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %3 = xf.binary mul %x, %2 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = xf.binary mul %3, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = xf.unary gelu_erf %[[X]]
  // CHECK-NEXT: return %[[Y]]
  return %4 : tensor<?x8xf32>
}

// -----

// TensorFlow: (0.5 (1 + erf(x * 0.7071))) x; x is itself a sum.
// CHECK-LABEL: func @gelu_tensorflow
func.func @gelu_tensorflow(%a: tensor<?x8xf32>, %bias: tensor<8xf32>) -> tensor<?x8xf32> {
  %root = arith.constant dense<0.707106769> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  // CHECK: %[[X:.*]] = xf.binary add
  // CHECK-NEXT: %[[Y:.*]] = xf.unary gelu_erf %[[X]]
  // CHECK-NEXT: return %[[Y]]
  %x = xf.binary add %a, %bias : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %0 = xf.binary mul %x, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = xf.unary erf %0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = xf.binary add %one, %1 : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = xf.binary mul %half, %2 : (tensor<f32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %4 = xf.binary mul %3, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %4 : tensor<?x8xf32>
}

// -----

// GPT-2: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 pow(x, 3)))); a gate multiplied behind it stays.
// CHECK-LABEL: func @gelu_tanh_pow
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>, %[[U:.*]]: tensor<?x8xf32>)
func.func @gelu_tanh_pow(%x: tensor<?x8xf32>, %up: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %three = arith.constant dense<3.0> : tensor<f32>
  %cubic = arith.constant dense<4.471500e-02> : tensor<f32>
  %root = arith.constant dense<0.797884583> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %h = xf.binary mul %x, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %0 = xf.binary pow %x, %three : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = xf.binary mul %0, %cubic : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %2 = xf.binary add %x, %1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = xf.binary mul %2, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %4 = xf.unary tanh %3 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = xf.binary add %4, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %6 = xf.binary mul %h, %5 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = xf.unary gelu_tanh %[[X]]
  // CHECK-NEXT: xf.binary mul %[[Y]], %[[U]]
  %7 = xf.binary mul %6, %up : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %7 : tensor<?x8xf32>
}

// -----

// FastGelu's spelling: tanh(0.79788 x (1 + 0.044715 x x)).
// CHECK-LABEL: func @gelu_tanh_mul
func.func @gelu_tanh_mul(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %cubic = arith.constant dense<4.471500e-02> : tensor<f32>
  %root = arith.constant dense<0.797884583> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %a = xf.binary mul %x, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %b = xf.binary mul %x, %cubic : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %c = xf.binary mul %b, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %d = xf.binary add %c, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %e = xf.binary mul %a, %d : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %t = xf.unary tanh %e : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %f = xf.binary add %t, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %g = xf.binary mul %f, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %y = xf.binary mul %x, %g : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: xf.unary gelu_tanh
  // CHECK-NEXT: return
  return %y : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func @silu
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>)
func.func @silu(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  // CHECK-DAG: %[[A:.*]] = xf.unary silu %[[X]]
  %0 = xf.unary sigmoid %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = xf.binary mul %0, %x : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // x / (1 + exp(-x))
  // CHECK-DAG: %[[B:.*]] = xf.unary silu %[[X]]
  %1 = xf.unary neg %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = xf.unary exp %1 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = xf.binary add %2, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %b = xf.binary div %x, %3 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK-DAG: %[[C:.*]] = xf.unary sigmoid %[[X]]
  %c = xf.unary reciprocal %3 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: return %[[A]], %[[B]], %[[C]]
  return %a, %b, %c : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Quick GELU, an erf of another width, and a GELU without its half are other functions.
// CHECK-LABEL: func @no_activation
// CHECK-NOT: gelu
// CHECK-NOT: silu
func.func @no_activation(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %quick = arith.constant dense<1.702> : tensor<f32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %root = arith.constant dense<0.707106769> : tensor<f32>
  %0 = xf.binary mul %x, %quick : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %1 = xf.unary sigmoid %0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %a = xf.binary mul %x, %1 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = xf.unary erf %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %3 = xf.binary add %2, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %4 = xf.binary mul %3, %half : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %b = xf.binary mul %x, %4 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %5 = xf.binary mul %x, %root : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %6 = xf.unary erf %5 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %7 = xf.binary add %6, %one : (tensor<?x8xf32>, tensor<f32>) -> tensor<?x8xf32>
  %c = xf.binary mul %x, %7 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a, %b, %c : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// The sum is a result, and no quotient reads it.
// CHECK-LABEL: func @denominator_only
// CHECK-NOT: sigmoid
func.func @denominator_only(%x: tensor<4xf32>) -> tensor<4xf32> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %n = xf.unary neg %x : (tensor<4xf32>) -> tensor<4xf32>
  %e = xf.unary exp %n : (tensor<4xf32>) -> tensor<4xf32>
  %s = xf.binary add %e, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %s : tensor<4xf32>
}

// -----

// Constants are as exact as f16 is: 1.41406 for the root of 2.
// CHECK-LABEL: func @gelu_f16
// CHECK-SAME: (%[[X:.*]]: tensor<4xf16>)
func.func @gelu_f16(%x: tensor<4xf16>) -> tensor<4xf16> {
  %r = arith.constant dense<1.41421354> : tensor<f16>
  %one = arith.constant dense<1.0> : tensor<f16>
  %half = arith.constant dense<0.5> : tensor<f16>
  %d = xf.binary div %x, %r : (tensor<4xf16>, tensor<f16>) -> tensor<4xf16>
  %e = xf.unary erf %d : (tensor<4xf16>) -> tensor<4xf16>
  %s = xf.binary add %e, %one : (tensor<4xf16>, tensor<f16>) -> tensor<4xf16>
  %m = xf.binary mul %x, %s : (tensor<4xf16>, tensor<4xf16>) -> tensor<4xf16>
  %y = xf.binary mul %m, %half : (tensor<4xf16>, tensor<f16>) -> tensor<4xf16>
  // CHECK: %[[Y:.*]] = xf.unary gelu_erf %[[X]]
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<4xf16>
}
