// RUN: tilewright-opt %s --xf-raise-attention --canonicalize --cse --split-input-file | FileCheck %s

// Keys transposed straight from the projection, a quotient as scale, an added mask.
// CHECK-LABEL: func @plain
// CHECK-SAME: (%[[Q:.*]]: tensor<2x4x5x8xf32>, %[[K:.*]]: tensor<2x6x4x8xf32>, %[[V:.*]]: tensor<2x4x6x3xf32>, %[[M:.*]]: tensor<2x1x1x6xf32>)
func.func @plain(%q: tensor<2x4x5x8xf32>, %k: tensor<2x6x4x8xf32>, %v: tensor<2x4x6x3xf32>, %m: tensor<2x1x1x6xf32>) -> tensor<2x4x5x3xf32> {
  %root = arith.constant dense<2.0> : tensor<f32>
  %kt = xf.transpose %k perm [0, 2, 3, 1] : (tensor<2x6x4x8xf32>) -> tensor<2x4x8x6xf32>
  %s = xf.matmul %q, %kt : (tensor<2x4x5x8xf32>, tensor<2x4x8x6xf32>) -> tensor<2x4x5x6xf32>
  %d = xf.binary div %s, %root : (tensor<2x4x5x6xf32>, tensor<f32>) -> tensor<2x4x5x6xf32>
  %a = xf.binary add %d, %m : (tensor<2x4x5x6xf32>, tensor<2x1x1x6xf32>) -> tensor<2x4x5x6xf32>
  %p = xf.softmax %a axis 3 : (tensor<2x4x5x6xf32>) -> tensor<2x4x5x6xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x5x6xf32>, tensor<2x4x6x3xf32>) -> tensor<2x4x5x3xf32>
  // CHECK-NEXT: %[[KT:.*]] = xf.transpose %[[K]] perm [0, 2, 1, 3]
  // CHECK-NEXT: %[[Y:.*]] = xf.attention %[[Q]], %[[KT]], %[[V]] mask(%[[M]]) scale 5.0{{0*}}e-01 :
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<2x4x5x3xf32>
}

// -----

// stories260k: grouped queries by Expand, causal by Range and Where with the least float, a past.
// CHECK-LABEL: func @grouped_causal
// CHECK-SAME: (%[[Q:.*]]: tensor<?x8x?x8xf32> {{.*}}, %[[K:.*]]: tensor<?x4x?x8xf32> {{.*}}, %[[V:.*]]: tensor<?x4x?x8xf32> {{.*}})
func.func @grouped_causal(%q: tensor<?x8x?x8xf32> {xf.dims = ["batch", "", "seq", ""]},
                          %k: tensor<?x4x?x8xf32> {xf.dims = ["batch", "", "total", ""]},
                          %v: tensor<?x4x?x8xf32> {xf.dims = ["batch", "", "total", ""]}) -> tensor<?x8x?x8xf32> {
  %b = xf.dim "batch"
  %s = xf.dim "seq"
  %t = xf.dim "total"
  %past = xf.dim "past"
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<f32>
  %least = arith.constant dense<-3.40282347E+38> : tensor<f32>
  %r = xf.iota from %past size %s : tensor<?xi64>
  %r2 = xf.reshape %r to [%s, 1] : tensor<?xi64> -> tensor<?x1xi64>
  %c = xf.iota from %c0 size %t : tensor<?xi64>
  %c2 = xf.reshape %c to [1, %t] : tensor<?xi64> -> tensor<1x?xi64>
  %keep = xf.compare ge %r2, %c2 : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi1>
  %mask = xf.select %keep, %zero, %least : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %k5 = xf.reshape %k to [%b, 4, 1, %t, 8] : tensor<?x4x?x8xf32> -> tensor<?x4x1x?x8xf32>
  %kb = xf.broadcast %k5 to [%b, 4, 2, %t, 8] : tensor<?x4x1x?x8xf32> -> tensor<?x4x2x?x8xf32>
  %kr = xf.reshape %kb to [%b, 8, %t, 8] : tensor<?x4x2x?x8xf32> -> tensor<?x8x?x8xf32>
  %v5 = xf.reshape %v to [%b, 4, 1, %t, 8] : tensor<?x4x?x8xf32> -> tensor<?x4x1x?x8xf32>
  %vb = xf.broadcast %v5 to [%b, 4, 2, %t, 8] : tensor<?x4x1x?x8xf32> -> tensor<?x4x2x?x8xf32>
  %vr = xf.reshape %vb to [%b, 8, %t, 8] : tensor<?x4x2x?x8xf32> -> tensor<?x8x?x8xf32>
  %kt = xf.transpose %kr perm [0, 1, 3, 2] : (tensor<?x8x?x8xf32>) -> tensor<?x8x8x?xf32>
  %x = xf.matmul %q, %kt : (tensor<?x8x?x8xf32>, tensor<?x8x8x?xf32>) -> tensor<?x8x?x?xf32>
  %a = xf.binary add %x, %mask : (tensor<?x8x?x?xf32>, tensor<?x?xf32>) -> tensor<?x8x?x?xf32>
  %p = xf.softmax %a axis 3 : (tensor<?x8x?x?xf32>) -> tensor<?x8x?x?xf32>
  %y = xf.matmul %p, %vr : (tensor<?x8x?x?xf32>, tensor<?x8x?x8xf32>) -> tensor<?x8x?x8xf32>
  // CHECK: %[[P:.*]] = xf.dim "past"
  // CHECK-NEXT: %[[Y:.*]] = xf.attention %[[Q]], %[[K]], %[[V]] offset(%[[P]]) scale 1.0{{0*}}e+00 causal :
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<?x8x?x8xf32>
}

// -----

// PyTorch 2: scale on q and k, where(mask, s, -inf), where(isnan(p), 0, p); a causal and a padding condition.
// CHECK-LABEL: func @sdpa
// CHECK-SAME: (%[[Q:.*]]: tensor<2x4x5x8xf32>, %[[K:.*]]: tensor<2x4x5x8xf32>, %[[V:.*]]: tensor<2x4x5x8xf32>, %[[PAD:.*]]: tensor<2x1x1x5xi1>)
func.func @sdpa(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<2x4x5x8xf32>, %pad: tensor<2x1x1x5xi1>) -> tensor<2x4x5x8xf32> {
  %half = arith.constant dense<0.5> : tensor<f32>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %tril = arith.constant dense<[[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]> : tensor<5x5xi8>
  %causal = xf.cast %tril : (tensor<5x5xi8>) -> tensor<5x5xi1>
  %keep = xf.binary logical_and %causal, %pad : (tensor<5x5xi1>, tensor<2x1x1x5xi1>) -> tensor<2x1x5x5xi1>
  %qs = xf.binary mul %q, %half : (tensor<2x4x5x8xf32>, tensor<f32>) -> tensor<2x4x5x8xf32>
  %kt = xf.transpose %k perm [0, 1, 3, 2] : (tensor<2x4x5x8xf32>) -> tensor<2x4x8x5xf32>
  %ks = xf.binary mul %kt, %half : (tensor<2x4x8x5xf32>, tensor<f32>) -> tensor<2x4x8x5xf32>
  %x = xf.matmul %qs, %ks : (tensor<2x4x5x8xf32>, tensor<2x4x8x5xf32>) -> tensor<2x4x5x5xf32>
  %w = xf.select %keep, %x, %inf : (tensor<2x1x5x5xi1>, tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %w axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %nan = xf.unary is_nan %p : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xi1>
  %clean = xf.select %nan, %zero, %p : (tensor<2x4x5x5xi1>, tensor<f32>, tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y = xf.matmul %clean, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = xf.attention %[[Q]], %[[K]], %[[V]] mask(%[[PAD]]) scale 2.5{{0*}}e-01 causal :
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<2x4x5x8xf32>
}

// -----

// BART: heads merged with the batch, the mask added under [batch, heads], the scale on the projection.
// CHECK-LABEL: func @merged_heads
// CHECK-SAME: (%[[Q:.*]]: tensor<2x5x32xf32>, %[[K:.*]]: tensor<2x4x5x8xf32>, %[[V:.*]]: tensor<2x4x5x8xf32>, %[[M:.*]]: tensor<2x1x5x5xf32>)
func.func @merged_heads(%q: tensor<2x5x32xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<2x4x5x8xf32>, %m: tensor<2x1x5x5xf32>) -> tensor<8x5x8xf32> {
  %scale = arith.constant dense<0.25> : tensor<f32>
  %qs = xf.binary mul %q, %scale : (tensor<2x5x32xf32>, tensor<f32>) -> tensor<2x5x32xf32>
  %q4 = xf.reshape %qs to [2, 5, 4, 8] : tensor<2x5x32xf32> -> tensor<2x5x4x8xf32>
  %qt = xf.transpose %q4 perm [0, 2, 1, 3] : (tensor<2x5x4x8xf32>) -> tensor<2x4x5x8xf32>
  %q3 = xf.reshape %qt to [8, 5, 8] : tensor<2x4x5x8xf32> -> tensor<8x5x8xf32>
  %k3 = xf.reshape %k to [8, 5, 8] : tensor<2x4x5x8xf32> -> tensor<8x5x8xf32>
  %v3 = xf.reshape %v to [8, 5, 8] : tensor<2x4x5x8xf32> -> tensor<8x5x8xf32>
  %x = xf.matmul %q3, %k3 transpose_rhs : (tensor<8x5x8xf32>, tensor<8x5x8xf32>) -> tensor<8x5x5xf32>
  %x4 = xf.reshape %x to [2, 4, 5, 5] : tensor<8x5x5xf32> -> tensor<2x4x5x5xf32>
  %a = xf.binary add %x4, %m : (tensor<2x4x5x5xf32>, tensor<2x1x5x5xf32>) -> tensor<2x4x5x5xf32>
  %a3 = xf.reshape %a to [8, 5, 5] : tensor<2x4x5x5xf32> -> tensor<8x5x5xf32>
  %p = xf.softmax %a3 axis 2 : (tensor<8x5x5xf32>) -> tensor<8x5x5xf32>
  %y = xf.matmul %p, %v3 : (tensor<8x5x5xf32>, tensor<8x5x8xf32>) -> tensor<8x5x8xf32>
  // CHECK: %[[Q4:.*]] = xf.reshape %[[Q]] to [2, 5, 4, 8]
  // CHECK: %[[QT:.*]] = xf.transpose %[[Q4]] perm [0, 2, 1, 3]
  // CHECK: %[[Y:.*]] = xf.attention %[[QT]], %[[K]], %[[V]] mask(%[[M]]) scale 2.5{{0*}}e-01 :
  // CHECK: xf.reshape %[[Y]] to [8, 5, 8]
  return %y : tensor<8x5x8xf32>
}

// -----

// Gemma 2: c tanh(s / c) in front of the mask.
// CHECK-LABEL: func @softcap
func.func @softcap(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> {
  %cap = arith.constant dense<50.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x5xf32>
  %s = xf.binary mul %x, %half : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %d = xf.binary div %s, %cap : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %t = xf.unary tanh %d : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %c = xf.binary mul %t, %cap : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %c axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK: xf.attention {{.*}} scale 5.0{{0*}}e-01 {softcap = 5.0{{0*}}e+01 : f64}
  return %y : tensor<2x4x5x8xf32>
}

// -----

// A window of 4 keys, and a causal mask widened by zeros for the past, twice negated.
// CHECK-LABEL: func @window
func.func @window(%q: tensor<2x4x?x8xf32> {xf.dims = ["", "", "seq", ""]}, %k: tensor<2x4x?x8xf32> {xf.dims = ["", "", "total", ""]},
                  %v: tensor<2x4x?x8xf32> {xf.dims = ["", "", "total", ""]}) -> (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) {
  %s = xf.dim "seq"
  %past = xf.dim "past"
  %total = arith.addi %past, %s : index
  %c0 = arith.constant 0 : index
  %one = arith.constant dense<1.0> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %four = arith.constant dense<4> : tensor<i64>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %r = xf.iota from %past size %s : tensor<?xi64>
  %row = xf.reshape %r to [%s, 1] : tensor<?xi64> -> tensor<?x1xi64>
  %c = xf.iota from %c0 size %total : tensor<?xi64>
  %col = xf.reshape %c to [1, %total] : tensor<?xi64> -> tensor<1x?xi64>
  %le = xf.compare le %col, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %low = xf.binary sub %row, %four : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %gt = xf.compare gt %col, %low : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %both = xf.binary logical_and %le, %gt : (tensor<?x?xi1>, tensor<?x?xi1>) -> tensor<?x?xi1>
  %mask = xf.select %both, %zero, %inf : (tensor<?x?xi1>, tensor<f32>, tensor<f32>) -> tensor<?x?xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x?xf32>
  %a = xf.binary add %x, %mask : (tensor<2x4x?x?xf32>, tensor<?x?xf32>) -> tensor<2x4x?x?xf32>
  %p = xf.softmax %a axis 3 : (tensor<2x4x?x?xf32>) -> tensor<2x4x?x?xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x?x?xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  // CHECK-DAG: %[[P:.*]] = xf.dim "past"
  // CHECK: xf.attention {{.*}} offset(%[[P]]) scale 1.0{{0*}}e+00 causal {window = 3 : i64}
  %r0 = xf.iota from %c0 size %s : tensor<?xi64>
  %row0 = xf.reshape %r0 to [%s, 1] : tensor<?xi64> -> tensor<?x1xi64>
  %col0 = xf.reshape %r0 to [1, %s] : tensor<?xi64> -> tensor<1x?xi64>
  %see = xf.compare ge %row0, %col0 : (tensor<?x1xi64>, tensor<1x?xi64>) -> tensor<?x?xi1>
  %seen = xf.cast %see : (tensor<?x?xi1>) -> tensor<?x?xf32>
  %ones = xf.broadcast %one to [%s, %past] : tensor<f32> -> tensor<?x?xf32>
  %wide = tensor.concat dim(1) %ones, %seen : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %not = xf.binary sub %one, %wide : (tensor<f32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %many = arith.constant dense<-10000.0> : tensor<f32>
  %m2 = xf.binary mul %not, %many : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  %a2 = xf.binary add %m2, %x : (tensor<?x?xf32>, tensor<2x4x?x?xf32>) -> tensor<2x4x?x?xf32>
  %p2 = xf.softmax %a2 axis 3 : (tensor<2x4x?x?xf32>) -> tensor<2x4x?x?xf32>
  %y2 = xf.matmul %p2, %v : (tensor<2x4x?x?xf32>, tensor<2x4x?x8xf32>) -> tensor<2x4x?x8xf32>
  // CHECK: xf.attention {{.*}} offset(%[[P]]) scale 1.0{{0*}}e+00 causal :
  return %y, %y2 : tensor<2x4x?x8xf32>, tensor<2x4x?x8xf32>
}

// -----

// A finite causal mask beside another mask is not exact: both stay, added.
// CHECK-LABEL: func @finite_beside_padding
func.func @finite_beside_padding(%q: tensor<2x4x2x8xf32>, %k: tensor<2x4x2x8xf32>, %v: tensor<2x4x2x8xf32>, %pad: tensor<2x1x1x2xf32>) -> tensor<2x4x2x8xf32> {
  %causal = arith.constant dense<[[0.0, -3.40282347E+38], [0.0, 0.0]]> : tensor<2x2xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x2xf32>
  %a = xf.binary add %x, %causal : (tensor<2x4x2x2xf32>, tensor<2x2xf32>) -> tensor<2x4x2x2xf32>
  %b = xf.binary add %a, %pad : (tensor<2x4x2x2xf32>, tensor<2x1x1x2xf32>) -> tensor<2x4x2x2xf32>
  %p = xf.softmax %b axis 3 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
  // CHECK: %[[M:.*]] = xf.binary add {{.*}} -> tensor<2x1x2x2xf32>
  // CHECK: xf.attention {{.*}} mask(%[[M]]) scale 1.0{{0*}}e+00 :
  return %y : tensor<2x4x2x8xf32>
}

// -----

// The probabilities are a result; the softmax is over rows; the scores are scaled behind the mask.
// CHECK-LABEL: func @no_attention
// CHECK-NOT: xf.attention
func.func @no_attention(%q: tensor<2x4x2x8xf32>, %k: tensor<2x4x2x8xf32>, %v: tensor<2x4x2x8xf32>, %m: tensor<2x2xf32>)
    -> (tensor<2x4x2x8xf32>, tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) {
  %two = arith.constant dense<2.0> : tensor<f32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x2xf32>
  %p = xf.softmax %x axis 3 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
  %p2 = xf.softmax %x axis 2 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %y2 = xf.matmul %p2, %v : (tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
  %a = xf.binary add %x, %m : (tensor<2x4x2x2xf32>, tensor<2x2xf32>) -> tensor<2x4x2x2xf32>
  %b = xf.binary mul %a, %two : (tensor<2x4x2x2xf32>, tensor<f32>) -> tensor<2x4x2x2xf32>
  %p3 = xf.softmax %b axis 3 : (tensor<2x4x2x2xf32>) -> tensor<2x4x2x2xf32>
  %y3 = xf.matmul %p3, %v : (tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>) -> tensor<2x4x2x8xf32>
  return %y, %p, %y2, %y3 : tensor<2x4x2x8xf32>, tensor<2x4x2x2xf32>, tensor<2x4x2x8xf32>, tensor<2x4x2x8xf32>
}

// -----

// A mask of one row, repeated for all rows, hides the same keys from each of them.
// CHECK-LABEL: func @one_row
func.func @one_row(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> {
  %c0 = arith.constant 0 : index
  %c5 = arith.constant 5 : index
  %two = arith.constant dense<2> : tensor<1x1xi64>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %inf = arith.constant dense<0xFF800000> : tensor<f32>
  %c = xf.iota from %c0 size %c5 : tensor<5xi64>
  %col = xf.reshape %c to [1, 5] : tensor<5xi64> -> tensor<1x5xi64>
  %le = xf.compare le %col, %two : (tensor<1x5xi64>, tensor<1x1xi64>) -> tensor<1x5xi1>
  %mask = xf.select %le, %zero, %inf : (tensor<1x5xi1>, tensor<f32>, tensor<f32>) -> tensor<1x5xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x5xf32>
  %a = xf.binary add %x, %mask : (tensor<2x4x5x5xf32>, tensor<1x5xf32>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %a axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK: %[[M:.*]] = xf.select
  // CHECK: xf.attention {{.*}} mask(%[[M]]) scale 1.0{{0*}}e+00 :
  return %y : tensor<2x4x5x8xf32>
}

// -----

// The scale is 0: 0.3 as an integer.
// CHECK-LABEL: func @converted_scale
func.func @converted_scale(%q: tensor<1x2x6x8xf32>, %k: tensor<1x2x6x8xf32>, %v: tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32> {
  %c = arith.constant dense<0.3> : tensor<f32>
  %b = xf.broadcast %c to [6, 6] : tensor<f32> -> tensor<6x6xf32>
  %i = xf.cast %b : (tensor<6x6xf32>) -> tensor<6x6xi32>
  %s = xf.cast %i : (tensor<6x6xi32>) -> tensor<6x6xf32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<1x2x6x8xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x6xf32>
  %a = xf.binary mul %x, %s : (tensor<1x2x6x6xf32>, tensor<6x6xf32>) -> tensor<1x2x6x6xf32>
  %p = xf.softmax %a axis 3 : (tensor<1x2x6x6xf32>) -> tensor<1x2x6x6xf32>
  %y = xf.matmul %p, %v : (tensor<1x2x6x6xf32>, tensor<1x2x6x8xf32>) -> tensor<1x2x6x8xf32>
  // CHECK: xf.attention {{.*}} scale 0.0{{0*}}e+00 :
  return %y : tensor<1x2x6x8xf32>
}
// -----

// c tanh(s) with a negative c is |c| tanh(-s).
// CHECK-LABEL: func @negative_softcap
func.func @negative_softcap(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> {
  %cap = arith.constant dense<-50.0> : tensor<f32>
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x5xf32>
  %t = xf.unary tanh %x : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %c = xf.binary mul %t, %cap : (tensor<2x4x5x5xf32>, tensor<f32>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %c axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK: xf.attention {{.*}} scale -5.0{{0*}}e+01 {softcap = 5.0{{0*}}e+01 : f64}
  return %y : tensor<2x4x5x8xf32>
}
// -----

// Scores in f16, probabilities and values in f32.
// CHECK-LABEL: func @mixed_types
func.func @mixed_types(%q: tensor<2x4x5x8xf16>, %k: tensor<2x4x5x8xf16>, %v: tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32> {
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x5x8xf16>, tensor<2x4x5x8xf16>) -> tensor<2x4x5x5xf16>
  %c = xf.cast %x : (tensor<2x4x5x5xf16>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %c axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x5x5xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK: xf.attention {{.*}} : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %y : tensor<2x4x5x8xf32>
}
// -----

// No heads.
// CHECK-LABEL: func @no_heads
// CHECK-NOT: xf.attention
func.func @no_heads(%q: tensor<2x0x5x8xf32>, %k: tensor<2x0x5x8xf32>, %v: tensor<2x0x5x8xf32>) -> tensor<2x0x5x8xf32> {
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x0x5x8xf32>, tensor<2x0x5x8xf32>) -> tensor<2x0x5x5xf32>
  %p = xf.softmax %x axis 3 : (tensor<2x0x5x5xf32>) -> tensor<2x0x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<2x0x5x5xf32>, tensor<2x0x5x8xf32>) -> tensor<2x0x5x8xf32>
  return %y : tensor<2x0x5x8xf32>
}
// -----

// Values of one batch, repeated for two.
// CHECK-LABEL: func @one_batch_of_values
// CHECK-NOT: xf.attention
func.func @one_batch_of_values(%q: tensor<2x4x5x8xf32>, %k: tensor<2x4x5x8xf32>, %v: tensor<1x4x5x8xf32>) -> tensor<2x4x5x8xf32> {
  %x = xf.matmul %q, %k transpose_rhs : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x5xf32>
  %p = xf.softmax %x axis 3 : (tensor<2x4x5x5xf32>) -> tensor<2x4x5x5xf32>
  %y = xf.matmul %p, %v : (tensor<2x4x5x5xf32>, tensor<1x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  return %y : tensor<2x4x5x8xf32>
}
