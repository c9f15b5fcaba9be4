// RUN: tilewright-opt %s --split-input-file --verify-diagnostics

func.func @f(%q: tensor<f32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{expects query, key and value of rank 4, got 'tensor<f32>' and 'tensor<2x2x5x6xf32>'}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<f32>, tensor<2x2x5x8xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x5x8xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects key of rank 4, got 'tensor<2x5x8xf32>'}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x5x8xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf16>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects query, key and value of one float type, got 'f32', 'f16' and 'f32'}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf16>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x?x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects static numbers of heads}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x?x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x0x5x8xf32>, %v: tensor<2x0x5x6xf32>) {
  // expected-error @+1 {{expects the number of query heads to be a multiple of key heads, got 4 and 0}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x0x5x8xf32>, tensor<2x0x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x7xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects query and key of one head size, got 8 and 7}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x2x5x7xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<1x2x5x8xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects query, key and value of one batch size, got 'tensor<2x4x3x8xf32>', 'tensor<1x2x5x8xf32>' and 'tensor<2x2x5x6xf32>'}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x4x3x8xf32>, tensor<1x2x5x8xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x4x6xf32>) {
  // expected-error @+1 {{expects as many keys and key heads as values, got 'tensor<2x2x5x8xf32>' and 'tensor<2x2x4x6xf32>'}}
  %0 = xf.attention %q, %k, %v scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x4x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x6xf32>, %m: tensor<3x5xi8>) {
  // expected-error @+1 {{expects a mask of floats or i1, got 'tensor<3x5xi8>'}}
  %0 = xf.attention %q, %k, %v mask(%m) scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x6xf32>, tensor<3x5xi8>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x6xf32>, %n: tensor<3xi32>) {
  // expected-error @+1 {{expects kv_lengths for a batch of 2, got 'tensor<3xi32>'}}
  %0 = xf.attention %q, %k, %v kv_lengths(%n) scale 1.0 : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x6xf32>, tensor<3xi32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects softcap of 0 (none) or more, got -1.0}}
  %0 = xf.attention %q, %k, %v scale 1.0 {softcap = -1.0 : f64} : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4x3x8xf32>, %k: tensor<2x2x5x8xf32>, %v: tensor<2x2x5x6xf32>) {
  // expected-error @+1 {{expects window of -1 (none) or more, got -2}}
  %0 = xf.attention %q, %k, %v scale 1.0 {window = -2 : i64} : (tensor<2x4x3x8xf32>, tensor<2x2x5x8xf32>, tensor<2x2x5x6xf32>) -> tensor<?x?x?x?xf32>
  return
}
