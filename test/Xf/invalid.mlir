// RUN: tilewright-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4xi32>) {
  // expected-error @+1 {{expects exp of floats, got 'i32'}}
  %0 = xf.unary exp %x : (tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects elements of i1, got 'f32'}}
  %0 = xf.unary logical_not %x : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xi1>) {
  // expected-error @+1 {{expects add of floats or integers, got 'i1'}}
  %0 = xf.binary add %x, %x : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{expects elements of i1, or integers for their bits, got 'f32'}}
  %0 = xf.binary logical_and %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%c: tensor<4xi8>, %x: tensor<4xf32>) {
  // expected-error @+1 {{expects a condition of i1, got 'tensor<4xi8>'}}
  %0 = xf.select %c, %x, %x : (tensor<4xi8>, tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%c: tensor<4xi1>, %x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error @+1 {{expects both values of one element type, got 'tensor<4xf32>' and 'tensor<4xf16>'}}
  %0 = xf.select %c, %x, %y : (tensor<4xi1>, tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects input and result of one shape, got 'tensor<4xf32>' and 'tensor<5xf16>'}}
  %0 = xf.cast %x : (tensor<4xf32>) -> tensor<5xf16>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects 4 elements, got 6}}
  %0 = xf.reshape %x to [2, 3] : tensor<4xf32> -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects the element type of the input to stay, got 'f32' and 'f16'}}
  %0 = xf.reshape %x to [2, 2] : tensor<4xf32> -> tensor<2x2xf16>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expects perm to be a permutation of 2 dimensions}}
  %0 = xf.transpose %x perm [0, 0] : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) {
  // expected-error @+1 {{expects one contracted size, got 3 and 4}}
  %0 = xf.matmul %x, %y : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expects axis below rank 2, got 2}}
  %0 = xf.softmax %x axis 2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %g: tensor<4xf32>) {
  // expected-error @+1 {{expects scale to broadcast to the dimensions of 'tensor<2x3xf32>' from axis 1, got 'tensor<4xf32>'}}
  %0 = xf.layer_norm %x scale(%g) axis 1 epsilon 1.0e-5 : (tensor<2x3xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %g: tensor<3xf16>) {
  // expected-error @+1 {{expects scale of 'f32' or f32, got 'f16'}}
  %0 = xf.rms_norm %x scale(%g) axis 1 epsilon 1.0e-5 : (tensor<2x3xf32>, tensor<3xf16>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x3x8xf32>, %c: tensor<1x3x5xf32>) {
  // expected-error @+1 {{expects at most 4 pairs for a head of 8, got 5}}
  %0 = xf.rope %x cos(%c) sin(%c) : (tensor<1x2x3x8xf32>, tensor<1x3x5xf32>, tensor<1x3x5xf32>) -> tensor<1x2x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expects distinct axes, got 1 twice}}
  %0 = xf.reduce sum %x axes [1, 1] : (tensor<2x3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expects one axis for argmax, got 2}}
  %0 = xf.reduce argmax %x axes [0, 1] : (tensor<2x3xf32>) -> tensor<i64>
  return
}

// -----

func.func @f(%q: tensor<1x3x4x8xf32>, %k: tensor<1x2x4x8xf32>) {
  // expected-error @+1 {{expects the number of query heads to be a multiple of key heads, got 3 and 2}}
  %0 = xf.attention %q, %k, %k scale 1.0 : (tensor<1x3x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>) -> tensor<1x3x4x8xf32>
  return
}

// -----

func.func @f(%q: tensor<1x2x4x8xf32>, %m: tensor<3x4xf32>) {
  // expected-error @+1 {{expects a mask that broadcasts to 'tensor<1x2x4x4xf32>', got 'tensor<3x4xf32>'}}
  %0 = xf.attention %q, %q, %q mask(%m) scale 1.0 : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<3x4xf32>) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @f(%q: tensor<1x2x4x8xf32>, %o: index) {
  // expected-error @+1 {{expects offset only with causal or a window}}
  %0 = xf.attention %q, %q, %q offset(%o) scale 1.0 : (tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, tensor<1x2x4x8xf32>, index) -> tensor<1x2x4x8xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %k: tensor<3x2x3xf32>) {
  // expected-error @+1 {{expects a number of output channels divisible by group 2, got 'tensor<3x2x3xf32>'}}
  %0 = xf.conv %x filter(%k) strides [1] pads [0, 0] dilations [1] group 2 : (tensor<1x4x8xf32>, tensor<3x2x3xf32>) -> tensor<1x3x6xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<2xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects shapes that broadcast, got 'tensor<2x3xf32>', 'tensor<2xf32>'}}
  %0 = xf.binary add %x, %y : (tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2xindex>) {
  // expected-error @+1 {{must be ranked tensor of floating-point or integer values, but got 'tensor<2xindex>'}}
  %0 = xf.compare lt %x, %x : (tensor<2xindex>, tensor<2xindex>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%x: tensor<2xcomplex<f32>>) {
  // expected-error @+1 {{expects elements that are floats or integers, got 'tensor<2xcomplex<f32>>'}}
  %0 = xf.cast %x : (tensor<2xcomplex<f32>>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{expects at least as many sizes as the input has dimensions}}
  %0 = xf.broadcast %x to [4] : tensor<2x4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error @+1 {{expects input dimensions of 1 or of the size given, got 3 for 4}}
  %0 = xf.broadcast %x to [2, 4] : tensor<3xf32> -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{expects a result shape that matches its sizes, got 'tensor<4x1xf32>'}}
  %0 = xf.reshape %x to [2, 2] : tensor<4xf32> -> tensor<4x1xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %n: index) {
  // expected-error @+1 {{expects 0 dynamic sizes, got 1}}
  %0 = "xf.reshape"(%x, %n) {static_sizes = array<i64: 4>} : (tensor<4xf32>, index) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expects perm to be a permutation of 2 dimensions}}
  %0 = xf.transpose %x perm [0, 2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %i: tensor<4xi64>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects axis below rank 2, got 2}}
  %0 = xf.gather %x[%i] axis 2 : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>, %y: tensor<3x2xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects operands of rank 2 or more, got 'tensor<f32>' and 'tensor<3x2xf32>'}}
  %0 = xf.matmul %x, %y : (tensor<f32>, tensor<3x2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3x3xf32>, %y: tensor<4x3x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects batch dimensions that broadcast, got 'tensor<2x3x3xf32>' and 'tensor<4x3x3xf32>'}}
  %0 = xf.matmul %x, %y : (tensor<2x3x3xf32>, tensor<4x3x3xf32>) -> tensor<2x3x3xf32>
  return
}

// -----

func.func @f(%x: tensor<3x3xi1>) {
  // expected-error @+1 {{expects floats or integers, got 'i1'}}
  %0 = xf.matmul %x, %x : (tensor<3x3xi1>, tensor<3x3xi1>) -> tensor<3x3xi1>
  return
}

// -----

func.func @f(%x: tensor<3xi32>) {
  // expected-error @+1 {{expects floats, got 'i32'}}
  %0 = xf.softmax %x axis 0 : (tensor<3xi32>) -> tensor<3xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+1 {{expects bias to broadcast to the dimensions of 'tensor<2x3xf32>' from axis 1, got 'tensor<2x3xf32>'}}
  %0 = xf.layer_norm %x bias(%b) axis 1 epsilon 1.0e-5 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{expects axes below rank 2, got 2}}
  %0 = xf.reduce sum %x axes [2] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xi1>) {
  // expected-error @+1 {{expects sum of floats or integers, got 'i1'}}
  %0 = xf.reduce sum %x axes [1] : (tensor<2x3xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%x: tensor<2x3x8xf32>, %c: tensor<1x3x4xf32>) {
  // expected-error @+1 {{expects input of rank 4 and tables of rank 3, got 'tensor<2x3x8xf32>' and 'tensor<1x3x4xf32>'}}
  %0 = xf.rope %x cos(%c) sin(%c) : (tensor<2x3x8xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x3x8xf32>, %c: tensor<1x3x4xf32>, %s: tensor<1x3x2xf32>) {
  // expected-error @+1 {{expects cos and sin of one type, got 'tensor<1x3x4xf32>' and 'tensor<1x3x2xf32>'}}
  %0 = xf.rope %x cos(%c) sin(%s) : (tensor<2x4x3x8xf32>, tensor<1x3x4xf32>, tensor<1x3x2xf32>) -> tensor<2x4x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x3x8xf32>, %c: tensor<1x3x4xi32>, %s: tensor<1x3x4xi32>) {
  // expected-error @+1 {{expects floats, got 'tensor<2x4x3x8xf32>' and 'tensor<1x3x4xi32>'}}
  %0 = xf.rope %x cos(%c) sin(%s) : (tensor<2x4x3x8xf32>, tensor<1x3x4xi32>, tensor<1x3x4xi32>) -> tensor<2x4x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x3x8xf32>, %c: tensor<3x3x4xf32>, %s: tensor<3x3x4xf32>) {
  // expected-error @+1 {{expects tables for a batch of 2 or 1, got 3}}
  %0 = xf.rope %x cos(%c) sin(%s) : (tensor<2x4x3x8xf32>, tensor<3x3x4xf32>, tensor<3x3x4xf32>) -> tensor<2x4x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<2x4x3x8xf32>, %c: tensor<1x5x4xf32>, %s: tensor<1x5x4xf32>) {
  // expected-error @+1 {{expects tables for 3 positions, got 5}}
  %0 = xf.rope %x cos(%c) sin(%s) : (tensor<2x4x3x8xf32>, tensor<1x5x4xf32>, tensor<1x5x4xf32>) -> tensor<2x4x3x8xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>, %k: tensor<f32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects input and filter of one rank of 3 or more, got 'tensor<f32>' and 'tensor<f32>'}}
  %0 = xf.conv %x filter(%k) strides [1] pads [0, 0] dilations [1] group 1 : (tensor<f32>, tensor<f32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x8xf32>, %k: tensor<4x2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects strides, dilations and pads for 1 spatial dimensions}}
  %0 = xf.conv %x filter(%k) strides [1, 1] pads [0, 0] dilations [1] group 1 : (tensor<1x2x8xf32>, tensor<4x2x3xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x8xf32>, %k: tensor<4x2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects strides and dilations of 1 or more, pads of 0 or more}}
  %0 = xf.conv %x filter(%k) strides [0] pads [0, 0] dilations [1] group 1 : (tensor<1x2x8xf32>, tensor<4x2x3xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x1xf32>, %k: tensor<4x2x3xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects a filter that fits into the padded input, got 'tensor<4x2x3xf32>' for 'tensor<1x2x1xf32>'}}
  %0 = xf.conv %x filter(%k) strides [4] pads [0, 1] dilations [1] group 1 : (tensor<1x2x1xf32>, tensor<4x2x3xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x8xf32>, %k: tensor<4x2x3xf16>) {
  // expected-error @+1 {{expects input and filter of one float type, got 'f32' and 'f16'}}
  %0 = xf.conv %x filter(%k) strides [1] pads [0, 0] dilations [1] group 1 : (tensor<1x2x8xf32>, tensor<4x2x3xf16>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%x: tensor<1x4x8xf32>, %k: tensor<4x3x3xf32>) {
  // expected-error @+1 {{expects 1 groups of 3 input channels, got 'tensor<1x4x8xf32>'}}
  %0 = xf.conv %x filter(%k) strides [1] pads [0, 0] dilations [1] group 1 : (tensor<1x4x8xf32>, tensor<4x3x3xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x8xf32>, %k: tensor<4x2x3xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{expects a bias of 4 'f32', got 'tensor<3xf32>'}}
  %0 = xf.conv %x filter(%k) bias(%b) strides [1] pads [0, 0] dilations [1] group 1 : (tensor<1x2x8xf32>, tensor<4x2x3xf32>, tensor<3xf32>) -> tensor<?x?x?xf32>
  return
}
