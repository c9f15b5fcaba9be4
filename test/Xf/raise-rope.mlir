// RUN: tilewright-opt %s --xf-raise-rope --canonicalize --cse --split-input-file | FileCheck %s

// Llama from Hugging Face: rotate_half, angles computed from positions and doubled by concatenation.
// CHECK-LABEL: func @rotate_half
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x?x8xf32> {{.*}}, %[[A:.*]]: tensor<?x?x4xf32>
func.func @rotate_half(%x: tensor<?x4x?x8xf32> {xf.dims = ["batch", "", "seq", ""]},
                       %angles: tensor<?x?x4xf32> {xf.dims = ["batch", "seq", ""]}) -> tensor<?x4x?x8xf32> {
  %b = xf.dim "batch"
  %s = xf.dim "seq"
  %a2 = tensor.concat dim(2) %angles, %angles : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x8xf32>
  %c = xf.unary cos %a2 : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %n = xf.unary sin %a2 : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %cos = xf.reshape %c to [%b, 1, %s, 8] : tensor<?x?x8xf32> -> tensor<?x1x?x8xf32>
  %sin = xf.reshape %n to [%b, 1, %s, 8] : tensor<?x?x8xf32> -> tensor<?x1x?x8xf32>
  %lo = tensor.extract_slice %x[0, 0, 0, 0] [%b, 4, %s, 4] [1, 1, 1, 1] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %hi = tensor.extract_slice %x[0, 0, 0, 4] [%b, 4, %s, 4] [1, 1, 1, 1] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %neg = xf.unary neg %hi : (tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  %turned = tensor.concat dim(3) %neg, %lo : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x8xf32>
  %0 = xf.binary mul %x, %cos : (tensor<?x4x?x8xf32>, tensor<?x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %1 = xf.binary mul %turned, %sin : (tensor<?x4x?x8xf32>, tensor<?x1x?x8xf32>) -> tensor<?x4x?x8xf32>
  %y = xf.binary add %0, %1 : (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  // CHECK-DAG: %[[C:.*]] = xf.unary cos %[[A]]
  // CHECK-DAG: %[[S:.*]] = xf.unary sin %[[A]]
  // CHECK: %[[Y:.*]] = xf.rope %[[X]] cos(%[[C]]) sin(%[[S]]) :
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<?x4x?x8xf32>
}

// -----

// stories260k: strided slices, one table entry per pair, stack and reshape.
// CHECK-LABEL: func @interleaved
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x?x8xf32> {{.*}}, %[[C:.*]]: tensor<?x?x4xf32> {{.*}}, %[[S:.*]]: tensor<?x?x4xf32>
func.func @interleaved(%x: tensor<?x4x?x8xf32> {xf.dims = ["batch", "", "seq", ""]},
                       %c: tensor<?x?x4xf32> {xf.dims = ["batch", "seq", ""]},
                       %n: tensor<?x?x4xf32> {xf.dims = ["batch", "seq", ""]}) -> tensor<?x4x?x8xf32> {
  %b = xf.dim "batch"
  %s = xf.dim "seq"
  %cos = xf.reshape %c to [%b, 1, %s, 4] : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %sin = xf.reshape %n to [%b, 1, %s, 4] : tensor<?x?x4xf32> -> tensor<?x1x?x4xf32>
  %x0 = tensor.extract_slice %x[0, 0, 0, 0] [%b, 4, %s, 4] [1, 1, 1, 2] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %x1 = tensor.extract_slice %x[0, 0, 0, 1] [%b, 4, %s, 4] [1, 1, 1, 2] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %0 = xf.binary mul %x0, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %1 = xf.binary mul %x1, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %2 = xf.binary sub %0, %1 : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  %3 = xf.binary mul %x0, %sin : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %4 = xf.binary mul %x1, %cos : (tensor<?x4x?x4xf32>, tensor<?x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %5 = xf.binary add %3, %4 : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  %6 = xf.reshape %2 to [%b, 4, %s, 4, 1] : tensor<?x4x?x4xf32> -> tensor<?x4x?x4x1xf32>
  %7 = xf.reshape %5 to [%b, 4, %s, 4, 1] : tensor<?x4x?x4xf32> -> tensor<?x4x?x4x1xf32>
  %8 = tensor.concat dim(4) %6, %7 : (tensor<?x4x?x4x1xf32>, tensor<?x4x?x4x1xf32>) -> tensor<?x4x?x4x2xf32>
  %y = xf.reshape %8 to [%b, 4, %s, 8] : tensor<?x4x?x4x2xf32> -> tensor<?x4x?x8xf32>
  // CHECK: %[[Y:.*]] = xf.rope %[[X]] cos(%[[C]]) sin(%[[S]]) interleaved
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<?x4x?x8xf32>
}

// -----

// Halves by pairs on the first half of each row, the rest copied, heads behind positions (Phi in some exports).
// CHECK-LABEL: func @partial
// CHECK-SAME: (%[[X:.*]]: tensor<2x5x4x8xf32>, %[[C:.*]]: tensor<5x1x2xf32>, %[[S:.*]]: tensor<5x1x2xf32>)
func.func @partial(%x: tensor<2x5x4x8xf32>, %cos: tensor<5x1x2xf32>, %sin: tensor<5x1x2xf32>) -> tensor<2x5x4x4xf32> {
  %r = tensor.extract_slice %x[0, 0, 0, 0] [2, 5, 4, 4] [1, 1, 1, 1] : tensor<2x5x4x8xf32> to tensor<2x5x4x4xf32>
  %x0 = tensor.extract_slice %r[0, 0, 0, 0] [2, 5, 4, 2] [1, 1, 1, 1] : tensor<2x5x4x4xf32> to tensor<2x5x4x2xf32>
  %x1 = tensor.extract_slice %r[0, 0, 0, 2] [2, 5, 4, 2] [1, 1, 1, 1] : tensor<2x5x4x4xf32> to tensor<2x5x4x2xf32>
  %0 = xf.binary mul %x0, %cos : (tensor<2x5x4x2xf32>, tensor<5x1x2xf32>) -> tensor<2x5x4x2xf32>
  %1 = xf.binary mul %x1, %sin : (tensor<2x5x4x2xf32>, tensor<5x1x2xf32>) -> tensor<2x5x4x2xf32>
  %2 = xf.binary sub %0, %1 : (tensor<2x5x4x2xf32>, tensor<2x5x4x2xf32>) -> tensor<2x5x4x2xf32>
  %3 = xf.binary mul %x1, %cos : (tensor<2x5x4x2xf32>, tensor<5x1x2xf32>) -> tensor<2x5x4x2xf32>
  %4 = xf.binary mul %sin, %x0 : (tensor<5x1x2xf32>, tensor<2x5x4x2xf32>) -> tensor<2x5x4x2xf32>
  %5 = xf.binary add %3, %4 : (tensor<2x5x4x2xf32>, tensor<2x5x4x2xf32>) -> tensor<2x5x4x2xf32>
  %y = tensor.concat dim(3) %2, %5 : (tensor<2x5x4x2xf32>, tensor<2x5x4x2xf32>) -> tensor<2x5x4x4xf32>
  // CHECK-DAG: %[[R:.*]] = tensor.extract_slice %[[X]]
  // CHECK-DAG: %[[T:.*]] = xf.transpose %[[R]] perm [0, 2, 1, 3]
  // CHECK-DAG: %[[C3:.*]] = xf.reshape %[[C]] to [1, 5, 2]
  // CHECK-DAG: %[[S3:.*]] = xf.reshape %[[S]] to [1, 5, 2]
  // CHECK: %[[Y:.*]] = xf.rope %[[T]] cos(%[[C3]]) sin(%[[S3]]) :
  // CHECK-NEXT: xf.transpose %[[Y]] perm [0, 2, 1, 3]
  return %y : tensor<2x5x4x4xf32>
}

// -----

// CHECK-LABEL: func @rest_of_row
// CHECK-SAME: (%[[X:.*]]: tensor<2x4x5x8xf32>
func.func @rest_of_row(%x: tensor<2x4x5x8xf32>, %cos: tensor<1x5x2xf32>, %sin: tensor<1x5x2xf32>) -> tensor<2x4x5x8xf32> {
  %r = tensor.extract_slice %x[0, 0, 0, 0] [2, 4, 5, 4] [1, 1, 1, 1] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %p = tensor.extract_slice %x[0, 0, 0, 4] [2, 4, 5, 4] [1, 1, 1, 1] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %0 = xf.rope %r cos(%cos) sin(%sin) : (tensor<2x4x5x4xf32>, tensor<1x5x2xf32>, tensor<1x5x2xf32>) -> tensor<2x4x5x4xf32>
  %y = tensor.concat dim(3) %0, %p : (tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x5x8xf32>
  // CHECK-NEXT: %[[Y:.*]] = xf.rope %[[X]]
  // CHECK-NEXT: return %[[Y]]
  return %y : tensor<2x4x5x8xf32>
}

// -----

// GPT-J: every other element turned, tables repeated by Expand.
// CHECK-LABEL: func @rotate_every_two
// CHECK-SAME: (%[[X:.*]]: tensor<2x4x5x8xf32>, %[[C:.*]]: tensor<5x4xf32>, %[[S:.*]]: tensor<5x4xf32>)
func.func @rotate_every_two(%x: tensor<2x4x5x8xf32>, %c: tensor<5x4xf32>, %s: tensor<5x4xf32>) -> tensor<2x4x5x8xf32> {
  %c1 = xf.reshape %c to [5, 4, 1] : tensor<5x4xf32> -> tensor<5x4x1xf32>
  %c2 = xf.broadcast %c1 to [5, 4, 2] : tensor<5x4x1xf32> -> tensor<5x4x2xf32>
  %cos = xf.reshape %c2 to [5, 8] : tensor<5x4x2xf32> -> tensor<5x8xf32>
  %s1 = xf.reshape %s to [5, 4, 1] : tensor<5x4xf32> -> tensor<5x4x1xf32>
  %s2 = xf.broadcast %s1 to [5, 4, 2] : tensor<5x4x1xf32> -> tensor<5x4x2xf32>
  %sin = xf.reshape %s2 to [5, 8] : tensor<5x4x2xf32> -> tensor<5x8xf32>
  %x0 = tensor.extract_slice %x[0, 0, 0, 0] [2, 4, 5, 4] [1, 1, 1, 2] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %x1 = tensor.extract_slice %x[0, 0, 0, 1] [2, 4, 5, 4] [1, 1, 1, 2] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %n = xf.unary neg %x1 : (tensor<2x4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %0 = xf.reshape %n to [2, 4, 5, 4, 1] : tensor<2x4x5x4xf32> -> tensor<2x4x5x4x1xf32>
  %1 = xf.reshape %x0 to [2, 4, 5, 4, 1] : tensor<2x4x5x4xf32> -> tensor<2x4x5x4x1xf32>
  %2 = tensor.concat dim(4) %0, %1 : (tensor<2x4x5x4x1xf32>, tensor<2x4x5x4x1xf32>) -> tensor<2x4x5x4x2xf32>
  %turned = xf.reshape %2 to [2, 4, 5, 8] : tensor<2x4x5x4x2xf32> -> tensor<2x4x5x8xf32>
  %3 = xf.binary mul %turned, %sin : (tensor<2x4x5x8xf32>, tensor<5x8xf32>) -> tensor<2x4x5x8xf32>
  %4 = xf.binary mul %x, %cos : (tensor<2x4x5x8xf32>, tensor<5x8xf32>) -> tensor<2x4x5x8xf32>
  %y = xf.binary add %3, %4 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK-DAG: %[[C3:.*]] = xf.reshape %[[C]] to [1, 5, 4]
  // CHECK-DAG: %[[S3:.*]] = xf.reshape %[[S]] to [1, 5, 4]
  // CHECK: xf.rope %[[X]] cos(%[[C3]]) sin(%[[S3]]) interleaved
  return %y : tensor<2x4x5x8xf32>
}

// -----

// Halves of the table that may differ, and tables that differ by head.
// CHECK-LABEL: func @no_rope
// CHECK-NOT: xf.rope
func.func @no_rope(%x: tensor<2x4x5x8xf32>, %cos: tensor<5x8xf32>, %sin: tensor<5x8xf32>, %ch: tensor<4x5x4xf32>, %sh: tensor<4x5x4xf32>)
    -> (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) {
  %lo = tensor.extract_slice %x[0, 0, 0, 0] [2, 4, 5, 4] [1, 1, 1, 1] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %hi = tensor.extract_slice %x[0, 0, 0, 4] [2, 4, 5, 4] [1, 1, 1, 1] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %neg = xf.unary neg %hi : (tensor<2x4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %turned = tensor.concat dim(3) %neg, %lo : (tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x5x8xf32>
  %0 = xf.binary mul %x, %cos : (tensor<2x4x5x8xf32>, tensor<5x8xf32>) -> tensor<2x4x5x8xf32>
  %1 = xf.binary mul %turned, %sin : (tensor<2x4x5x8xf32>, tensor<5x8xf32>) -> tensor<2x4x5x8xf32>
  %2 = xf.binary add %0, %1 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  %3 = xf.binary mul %lo, %ch : (tensor<2x4x5x4xf32>, tensor<4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %4 = xf.binary mul %hi, %sh : (tensor<2x4x5x4xf32>, tensor<4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %5 = xf.binary sub %3, %4 : (tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %6 = xf.binary mul %lo, %sh : (tensor<2x4x5x4xf32>, tensor<4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %7 = xf.binary mul %hi, %ch : (tensor<2x4x5x4xf32>, tensor<4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %8 = xf.binary add %6, %7 : (tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %9 = tensor.concat dim(3) %5, %8 : (tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x5x8xf32>
  return %2, %9 : tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>
}

// -----

// A factor of the whole row is halved as the table is.
// CHECK-LABEL: func @scaled_tables
func.func @scaled_tables(%x: tensor<2x4x5x8xf32>, %angles: tensor<5x4xf32>) -> tensor<2x4x5x8xf32> {
  %half = arith.constant dense<0.5> : tensor<8xf32>
  %a2 = tensor.concat dim(1) %angles, %angles : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x8xf32>
  %c = xf.unary cos %a2 : (tensor<5x8xf32>) -> tensor<5x8xf32>
  %cos = xf.binary mul %c, %half : (tensor<5x8xf32>, tensor<8xf32>) -> tensor<5x8xf32>
  %sin = xf.unary sin %a2 : (tensor<5x8xf32>) -> tensor<5x8xf32>
  %lo = tensor.extract_slice %x[0, 0, 0, 0] [2, 4, 5, 4] [1, 1, 1, 1] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %hi = tensor.extract_slice %x[0, 0, 0, 4] [2, 4, 5, 4] [1, 1, 1, 1] : tensor<2x4x5x8xf32> to tensor<2x4x5x4xf32>
  %neg = xf.unary neg %hi : (tensor<2x4x5x4xf32>) -> tensor<2x4x5x4xf32>
  %turned = tensor.concat dim(3) %neg, %lo : (tensor<2x4x5x4xf32>, tensor<2x4x5x4xf32>) -> tensor<2x4x5x8xf32>
  %0 = xf.binary mul %x, %cos : (tensor<2x4x5x8xf32>, tensor<5x8xf32>) -> tensor<2x4x5x8xf32>
  %1 = xf.binary mul %turned, %sin : (tensor<2x4x5x8xf32>, tensor<5x8xf32>) -> tensor<2x4x5x8xf32>
  %y = xf.binary add %0, %1 : (tensor<2x4x5x8xf32>, tensor<2x4x5x8xf32>) -> tensor<2x4x5x8xf32>
  // CHECK-DAG: %[[HALF:.*]] = arith.constant dense<5.0{{.*}}> : tensor<4xf32>
  // CHECK-DAG: %[[C:.*]] = xf.binary mul %{{.*}}, %[[HALF]] : (tensor<5x4xf32>, tensor<4xf32>)
  // CHECK: %[[T:.*]] = xf.reshape %[[C]] to [1, 5, 4]
  // CHECK: xf.rope %{{.*}} cos(%[[T]])
  return %y : tensor<2x4x5x8xf32>
}
// -----

// Tables of three batches make three of one.
// CHECK-LABEL: func @tables_add_batches
// CHECK-NOT: xf.rope
func.func @tables_add_batches(%x: tensor<1x4x5x8xf32>, %cos: tensor<3x1x5x4xf32>, %sin: tensor<3x1x5x4xf32>) -> tensor<3x4x5x8xf32> {
  %lo = tensor.extract_slice %x[0, 0, 0, 0] [1, 4, 5, 4] [1, 1, 1, 1] : tensor<1x4x5x8xf32> to tensor<1x4x5x4xf32>
  %hi = tensor.extract_slice %x[0, 0, 0, 4] [1, 4, 5, 4] [1, 1, 1, 1] : tensor<1x4x5x8xf32> to tensor<1x4x5x4xf32>
  %3 = xf.binary mul %lo, %cos : (tensor<1x4x5x4xf32>, tensor<3x1x5x4xf32>) -> tensor<3x4x5x4xf32>
  %4 = xf.binary mul %hi, %sin : (tensor<1x4x5x4xf32>, tensor<3x1x5x4xf32>) -> tensor<3x4x5x4xf32>
  %5 = xf.binary sub %3, %4 : (tensor<3x4x5x4xf32>, tensor<3x4x5x4xf32>) -> tensor<3x4x5x4xf32>
  %6 = xf.binary mul %lo, %sin : (tensor<1x4x5x4xf32>, tensor<3x1x5x4xf32>) -> tensor<3x4x5x4xf32>
  %7 = xf.binary mul %hi, %cos : (tensor<1x4x5x4xf32>, tensor<3x1x5x4xf32>) -> tensor<3x4x5x4xf32>
  %8 = xf.binary add %6, %7 : (tensor<3x4x5x4xf32>, tensor<3x4x5x4xf32>) -> tensor<3x4x5x4xf32>
  %9 = tensor.concat dim(3) %5, %8 : (tensor<3x4x5x4xf32>, tensor<3x4x5x4xf32>) -> tensor<3x4x5x8xf32>
  return %9 : tensor<3x4x5x8xf32>
}
// -----

// Joined again under sizes that are exchanged, which their types do not tell.
// CHECK-LABEL: func @exchanged_sizes
// CHECK-NOT: xf.rope
func.func @exchanged_sizes(%x: tensor<?x4x?x8xf32> {xf.dims = ["b", "", "s", ""]}, %cos: tensor<1x1x?x4xf32> {xf.dims = ["", "", "s", ""]}, %sin: tensor<1x1x?x4xf32> {xf.dims = ["", "", "s", ""]}) -> tensor<?x4x?x8xf32> {
  %b = xf.dim "b"
  %s = xf.dim "s"
  %x0 = tensor.extract_slice %x[0, 0, 0, 0] [%b, 4, %s, 4] [1, 1, 1, 2] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %x1 = tensor.extract_slice %x[0, 0, 0, 1] [%b, 4, %s, 4] [1, 1, 1, 2] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %0 = xf.binary mul %x0, %cos : (tensor<?x4x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %1 = xf.binary mul %x1, %sin : (tensor<?x4x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %2 = xf.binary sub %0, %1 : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  %3 = xf.binary mul %x0, %sin : (tensor<?x4x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %4 = xf.binary mul %x1, %cos : (tensor<?x4x?x4xf32>, tensor<1x1x?x4xf32>) -> tensor<?x4x?x4xf32>
  %5 = xf.binary add %3, %4 : (tensor<?x4x?x4xf32>, tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32>
  %6 = xf.reshape %2 to [%s, 4, %b, 4, 1] : tensor<?x4x?x4xf32> -> tensor<?x4x?x4x1xf32>
  %7 = xf.reshape %5 to [%s, 4, %b, 4, 1] : tensor<?x4x?x4xf32> -> tensor<?x4x?x4x1xf32>
  %8 = tensor.concat dim(4) %6, %7 : (tensor<?x4x?x4x1xf32>, tensor<?x4x?x4x1xf32>) -> tensor<?x4x?x4x2xf32>
  %y = xf.reshape %8 to [%s, 4, %b, 8] : tensor<?x4x?x4x2xf32> -> tensor<?x4x?x8xf32>
  return %y : tensor<?x4x?x8xf32>
}
