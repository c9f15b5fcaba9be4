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

// expected-error @+1 {{expects xf.buffers as array<i64: POSITION, ...>}}
func.func private @buffers(tensor<4xf32> {xf.buffers = 3})

// -----

// expected-error @+1 {{expects one of xf.buffers for each of the stacked layers, got 2 for 'tensor<3x4xf32>'}}
func.func private @stacked_buffers(tensor<3x4xf32> {xf.buffers = array<i64: 0, 1>})
