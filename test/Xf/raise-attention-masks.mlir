// RUN: tilewright-opt %s --xf-raise-attention --canonicalize --cse --split-input-file | FileCheck %s

// Rows at positions 0 1 2 0 1 2 are not causal.
// CHECK-LABEL: func @repeated_positions
func.func @repeated_positions(%q: tensor<1x2x6x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant dense<0.0> : tensor<f32>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %r = xf.iota from %c0 size %c3 : tensor<3xi64>
  %b = xf.broadcast %r to [2, 3] : tensor<3xi64> -> tensor<2x3xi64>
  %f = xf.reshape %b to [6, 1] : tensor<2x3xi64> -> tensor<6x1xi64>
  %c = xf.iota from %c0 size %c6 : tensor<6xi64>
  %keep = xf.compare ge %f, %c : (tensor<6x1xi64>, tensor<6xi64>) -> tensor<6x6xi1>
  %m = xf.select %keep, %zero, %inf : (tensor<6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<6x6xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x6xf32>
  %a = xf.binary add %x, %m : (tensor<1x2x6x6xf32>, tensor<6x6xf32>) -> tensor<1x2x6x6xf32>
  %p = xf.softmax %a axis 3 : (tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
  %y = xf.matmul %p, %v : (tensor<1x2x6x6xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32>
  // CHECK: xf.attention {{.*}} mask(%{{.*}}) scale 1.0{{0*}}e+00 :
  return %y : tensor<1x2x6x8xf32>
}
// -----

// Positions as booleans are 0 and 1.
// CHECK-LABEL: func @positions_as_booleans
func.func @positions_as_booleans(%q: tensor<1x2x6x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant dense<0.0> : tensor<f32>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %r = xf.iota from %c0 size %c3 : tensor<3xi64>
  %b = xf.iota from %c0 size %c6 : tensor<6xi64>
  %bb = xf.cast %b : (tensor<6xi64>) -> tensor<6xi1>
  %f = xf.reshape %bb to [6, 1] : tensor<6xi1> -> tensor<6x1xi1>
  %c = xf.iota from %c0 size %c6 : tensor<6xi64>
  %ci = xf.cast %c : (tensor<6xi64>) -> tensor<6xi1>
  %keep = xf.compare ge %f, %ci : (tensor<6x1xi1>, tensor<6xi1>) -> tensor<6x6xi1>
  %m = xf.select %keep, %zero, %inf : (tensor<6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<6x6xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x6xf32>
  %a = xf.binary add %x, %m : (tensor<1x2x6x6xf32>, tensor<6x6xf32>) -> tensor<1x2x6x6xf32>
  %p = xf.softmax %a axis 3 : (tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
  %y = xf.matmul %p, %v : (tensor<1x2x6x6xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32>
  // CHECK: xf.attention {{.*}} mask(%{{.*}}) scale 1.0{{0*}}e+00 :
  return %y : tensor<1x2x6x8xf32>
}
// -----

// One position, repeated by a sum, is the same for all keys.
// CHECK-LABEL: func @one_position
func.func @one_position(%q: tensor<1x2x6x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c6 = arith.constant 6 : index
  %zero = arith.constant dense<0.0> : tensor<f32>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %r = xf.iota from %c0 size %c3 : tensor<3xi64>
  %b = xf.iota from %c0 size %c6 : tensor<6xi64>
  %f = xf.reshape %b to [6, 1] : tensor<6xi64> -> tensor<6x1xi64>
  %c1 = arith.constant 1 : index
  %one = xf.iota from %c0 size %c1 : tensor<1xi64>
  %z6 = arith.constant dense<2> : tensor<6xi64>
  %c = xf.binary add %one, %z6 : (tensor<1xi64>, tensor<6xi64>) -> tensor<6xi64>
  %keep = xf.compare ge %f, %c : (tensor<6x1xi64>, tensor<6xi64>) -> tensor<6x6xi1>
  %m = xf.select %keep, %zero, %inf : (tensor<6x6xi1>, tensor<f32>, tensor<f32>) -> tensor<6x6xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x6xf32>
  %a = xf.binary add %x, %m : (tensor<1x2x6x6xf32>, tensor<6x6xf32>) -> tensor<1x2x6x6xf32>
  %p = xf.softmax %a axis 3 : (tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
  %y = xf.matmul %p, %v : (tensor<1x2x6x6xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32>
  // CHECK: xf.attention {{.*}} mask(%{{.*}}) scale 1.0{{0*}}e+00 :
  return %y : tensor<1x2x6x8xf32>
}
// -----

// A mask without rows.
// CHECK-LABEL: func @no_rows
func.func @no_rows(%q: tensor<2x4x0x8xf32>, %k: tensor<2x4x4x8xf32>, %v: tensor<2x4x4x8xf32>) -> tensor<2x4x0x8xf32> {
  %m = arith.constant dense<> : tensor<0x4xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x0x8xf32>, tensor<2x4x4x8xf32>) -> tensor<2x4x0x4xf32>
  %a = xf.binary add %x, %m : (tensor<2x4x0x4xf32>, tensor<0x4xf32>) -> tensor<2x4x0x4xf32>
  %p = xf.softmax %a axis 3 : (tensor<2x4x0x4xf32>) -> tensor<2x4x0x4xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x0x4xf32>, tensor<2x4x4x8xf32>) -> tensor<2x4x0x8xf32>
  // CHECK: xf.attention {{.*}} mask(%{{.*}})
  return %y : tensor<2x4x0x8xf32>
}
// -----

// Masks of two types, added before and after a conversion.
// CHECK-LABEL: func @masks_of_two_types
func.func @masks_of_two_types(%q: tensor<2x4x5x8xf16>, %k: tensor<2x4x5x8xf16>, %v: tensor<2x4x5x8xf16>, %m: tensor<5x5xf16>, %n: tensor<5x5xf32>) -> tensor<2x4x5x8xf16> {
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x5x8xf16>, tensor<2x4x5x8xf16>) -> tensor<2x4x5x5xf16>
  %a = xf.binary add %x, %m : (tensor<2x4x5x5xf16>, tensor<5x5xf16>) -> tensor<2x4x5x5xf16>
  %c = xf.cast %a : (tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf32>
  %b = xf.binary add %c, %n : (tensor<2x4x5x5xf32>, tensor<5x5xf32>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %b axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %h = xf.cast %p : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf16>
  %y = xf.matmul %h, %v : (tensor<2x4x5x5xf16>, tensor<2x4x5x8xf16>) -> tensor<2x4x5x8xf16>
  // CHECK: xf.attention {{.*}} mask(%{{.*}}) {{.*}}, tensor<5x5xf32>)
  return %y : tensor<2x4x5x8xf16>
}
// -----

// Masks under [batch heads] and under [batch, heads]; values by [batch, heads] where queries are by [batch heads] (BLOOM).
// CHECK-LABEL: func @masks_under_two_shapes
// CHECK-SAME: %{{.*}}, %[[M:[a-z0-9]*]]: tensor<8x5x5xf32>, %[[N:[a-z0-9]*]]: tensor<2x1x5x5xf32>
// CHECK: %[[BROUGHT:.*]] = xf.reshape %[[M]] to [2, 4, 5, 5]
// CHECK: %[[MASK:.*]] = xf.binary{{ +}}add %[[N]], %[[BROUGHT]]
// CHECK: xf.attention {{.*}} mask(%[[MASK]]){{.*}} -> tensor<2x4x5x8xf32>
// CHECK: xf.attention {{.*}} mask(%[[MASK]]){{.*}} -> tensor<2x4x5x8xf32>
// CHECK-NOT: xf.softmax
func.func @masks_under_two_shapes(%q: tensor<8x5x8xf32>, %k: tensor<8x5x8xf32>, %v: tensor<8x5x8xf32>, %m: tensor<8x5x5xf32>, %n: tensor<2x1x5x5xf32>, %v4: tensor<2x4x5x8xf32>) -> (tensor<8x5x8xf32>, tensor<2x4x5x8xf32>) {
  %x = xf.matmul %q, %k transpose_rhs : (tensor<8x5x8xf32>, tensor<8x5x8xf32>) -> tensor<8x5x5xf32>
  %a = xf.binary add %x, %m : (tensor<8x5x5xf32>, tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
  %x4 = xf.reshape %a to [2, 4, 5, 5] : tensor<8x5x5xf32> -> tensor<2x4x5x5xf32>
  %b = xf.binary add %x4, %n : (tensor<2x4x5x5xf32>, tensor<2x1x5x5xf32>) -> tensor<2x4x5x5xf32>
  %a3 = xf.reshape %b to [8, 5, 5] : tensor<2x4x5x5xf32> -> tensor<8x5x5xf32>
  %p = xf.softmax %a3 axis 2 : (tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<8x5x5xf32>, tensor<8x5x8xf32>) -> tensor<8x5x8xf32>
  %p4 = xf.softmax %b axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y4 = xf.matmul %p4, %v4 : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %y, %y4 : tensor<8x5x8xf32>, tensor<2x4x5x8xf32>
}

// -----

// Where a row sees no key, -1e4 in the place of scores shows; in a causal mask every row sees one.
// CHECK-LABEL: func @small_number
// CHECK-COUNT-1: xf.attention {{.*}} causal :
// CHECK-NOT: xf.attention
func.func @small_number(%q: tensor<2x4x2x8xf32>, %k: tensor<2x4x2x8xf32>, %v: tensor<2x4x2x8xf32>, %pad: tensor<2x1x1x2xi1>) -> (tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) {
  %many = arith.constant dense<-10000.0> : tensor<f32>
  %causal = arith.constant dense<[[true, false], [true, true]]> : tensor<2x2xi1>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x2xf32>
  %a = xf.select %causal, %x, %many : (tensor<2x2xi1>, tensor<2x4x2x2xf32>, tensor<f32>) -> tensor<2x4x2x2xf32>
  %p = xf.softmax %a axis 3 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
  %a2 = xf.select %pad, %x, %many : (tensor<2x1x1x2xi1>, tensor<2x4x2x2xf32>, tensor<f32>) -> tensor<2x4x2x2xf32>
  %p2 = xf.softmax %a2 axis 3 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %y2 = xf.matmul %p2, %v : (tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
  return %y, %y2 : tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>
}
