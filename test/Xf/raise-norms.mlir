// RUN: tilewright-opt %s --xf-raise-norms --canonicalize --split-input-file | FileCheck %s
// Idempotent:
// RUN: tilewright-opt %s --xf-raise-norms --canonicalize --split-input-file > %t.once
// RUN: tilewright-opt %s --xf-raise-norms --xf-raise-norms --canonicalize --split-input-file | diff %t.once -

// PyTorch before opset 17: ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul, Add.
// CHECK-LABEL: func @layer_norm_torch
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>, %[[G:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>)
func.func @layer_norm_torch(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %two = arith.constant dense<2.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-05> : tensor<f32>
  %mean = xf.reduce mean %x axes [2] keep_dims : (tensor<?x?x8xf32>) -> tensor<?x?x1xf32>
  %d = xf.binary sub %x, %mean : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %s = xf.binary pow %d, %two : (tensor<?x?x8xf32>, tensor<f32>) -> tensor<?x?x8xf32>
  %v = xf.reduce mean %s axes [2] keep_dims : (tensor<?x?x8xf32>) -> tensor<?x?x1xf32>
  %e = xf.binary add %v, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %r = xf.unary sqrt %e : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = xf.binary div %d, %r : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %m = xf.binary mul %n, %g : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  %y = xf.binary add %m, %b : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = xf.layer_norm %[[X]] scale(%[[G]]) bias(%[[B]]) axis 2 epsilon 9.99{{.*}}E-6
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<?x?x8xf32>
}

// -----

// TensorFlow: y = x * s + (b - mean * s), s = g / sqrt(var + eps), means as sums.
// CHECK-LABEL: func @layer_norm_tensorflow
// CHECK-SAME: (%[[X:.*]]: tensor<?x8xf32>, %[[G:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>)
func.func @layer_norm_tensorflow(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  %n = arith.constant dense<8.0> : tensor<f32>
  %eps = arith.constant dense<1.0e-05> : tensor<f32>
  %sum = xf.reduce sum %x axes [1] keep_dims : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %mean = xf.binary div %sum, %n : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %d = xf.binary sub %x, %mean : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %q = xf.binary mul %d, %d : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %v = xf.reduce mean %q axes [1] keep_dims : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %e = xf.binary add %v, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  %r = xf.unary sqrt %e : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %i = xf.unary reciprocal %r : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %s = xf.binary mul %i, %g : (tensor<?x1xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %xs = xf.binary mul %x, %s : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %ms = xf.binary mul %mean, %s : (tensor<?x1xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %t = xf.binary sub %b, %ms : (tensor<8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = xf.binary add %xs, %t : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = xf.layer_norm %[[X]] scale(%[[G]]) bias(%[[B]]) axis 1
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<?x8xf32>
}

// -----

// T5, Llama: Pow, ReduceMean, Add, Sqrt, Reciprocal, Mul, and the weight on the left; a residual sum in front stays.
// CHECK-LABEL: func @rms_norm
// CHECK-SAME: (%[[A:.*]]: tensor<?x?x8xf32>, %[[R:.*]]: tensor<?x?x8xf32>, %[[G:.*]]: tensor<1x1x8xf32>)
func.func @rms_norm(%a: tensor<?x?x8xf32>, %r: tensor<?x?x8xf32>, %g: tensor<1x1x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %eps = arith.constant dense<1.0e-06> : tensor<1x1x1xf32>
  // CHECK: %[[X:.*]] = xf.binary add %[[A]], %[[R]]
  %x = xf.binary add %a, %r : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %s = xf.binary pow %x, %two : (tensor<?x?x8xf32>, tensor<1xf32>) -> tensor<?x?x8xf32>
  %m = xf.reduce mean %s axes [2] keep_dims : (tensor<?x?x8xf32>) -> tensor<?x?x1xf32>
  %e = xf.binary add %eps, %m : (tensor<1x1x1xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %q = xf.unary sqrt %e : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %i = xf.unary reciprocal %q : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = xf.binary mul %x, %i : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %y = xf.binary mul %g, %n : (tensor<1x1x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: %[[S:.*]] = xf.reshape %[[G]] to [8]
  // CHECK: %[[Y:.*]] = xf.rms_norm %[[X]] scale(%[[S]]) axis 2 epsilon 9.99{{.*}}E-7
  // CHECK: return %[[Y]], %[[X]]
  return %y, %x : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// -----

// rsqrt, and a factor that is not a parameter: a per-row modulation stays outside.
// CHECK-LABEL: func @rms_norm_modulated
// CHECK-SAME: (%[[X:.*]]: tensor<2x?x8xf32>, %[[G:.*]]: tensor<2x1x8xf32>)
func.func @rms_norm_modulated(%x: tensor<2x?x8xf32>, %g: tensor<2x1x8xf32>) -> tensor<2x?x8xf32> {
  %eps = arith.constant dense<1.0e-05> : tensor<f32>
  %s = xf.binary mul %x, %x : (tensor<2x?x8xf32>, tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  %m = xf.reduce mean %s axes [2] keep_dims : (tensor<2x?x8xf32>) -> tensor<2x?x1xf32>
  %e = xf.binary add %m, %eps : (tensor<2x?x1xf32>, tensor<f32>) -> tensor<2x?x1xf32>
  %i = xf.unary rsqrt %e : (tensor<2x?x1xf32>) -> tensor<2x?x1xf32>
  %n = xf.binary mul %i, %x : (tensor<2x?x1xf32>, tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  // CHECK-NEXT: %[[N:.*]] = xf.rms_norm %[[X]] axis 2
  // CHECK-NEXT: xf.binary mul %[[N]], %[[G]]
  %y = xf.binary mul %n, %g : (tensor<2x?x8xf32>, tensor<2x1x8xf32>) -> tensor<2x?x8xf32>
  return %y : tensor<2x?x8xf32>
}

// -----

// A bias is in front of the factor, so the factor is no scale.
// CHECK-LABEL: func @factor_after_bias
func.func @factor_after_bias(%x: tensor<4x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  // CHECK: %[[N:.*]] = xf.layer_norm %{{.*}} bias(%{{.*}}) axis 1
  // CHECK: xf.binary mul %[[N]]
  %n = xf.layer_norm %x axis 1 epsilon 1.0e-05 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = xf.binary add %n, %b : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  %y = xf.binary mul %m, %g : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// The mean square is of another value; the reduction is over a leading dimension; the root has no epsilon.
// CHECK-LABEL: func @no_norm
// CHECK-NOT: _norm
func.func @no_norm(%x: tensor<4x8xf32>, %z: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %eps = arith.constant dense<1.0e-05> : tensor<f32>
  %s = xf.binary mul %z, %z : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = xf.reduce mean %s axes [1] keep_dims : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %e = xf.binary add %m, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %i = xf.unary rsqrt %e : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %other = xf.binary mul %x, %i : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  %m0 = xf.reduce mean %s axes [0] keep_dims : (tensor<4x8xf32>) -> tensor<1x8xf32>
  %e0 = xf.binary add %m0, %eps : (tensor<1x8xf32>, tensor<f32>) -> tensor<1x8xf32>
  %i0 = xf.unary rsqrt %e0 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %leading = xf.binary mul %z, %i0 : (tensor<4x8xf32>, tensor<1x8xf32>) -> tensor<4x8xf32>
  %j = xf.unary rsqrt %m : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %bare = xf.binary mul %z, %j : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %other, %leading, %bare : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}
