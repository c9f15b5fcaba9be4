// RUN: tilewright-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expects either a source or an initialiser}}
xf.weight_data @w : tensor<4xf32>

// -----

// expected-error @+1 {{expects a static shape, got 'tensor<?xf32>'}}
xf.weight_data @w : tensor<?xf32> from #xf.source<"m", 0, 16, raw>

// -----

// expected-error @+1 {{type attribute of ranked tensor of floating-point or integer values}}
xf.weight_data @w : tensor<2xindex> from #xf.source<"m", 0, 16, raw>

// -----

// expected-error @+1 {{expects 20 bytes of data for 'tensor<5xf32>', got 16}}
xf.weight_data @w : tensor<5xf32> from #xf.source<"m", 0, 16, raw>

// -----

// expected-error @+1 {{expects the initialiser to yield 'tensor<4xf32>'}}
xf.weight_data @w : tensor<4xf32> init {
  %0 = arith.constant dense<0.0> : tensor<5xf32>
  xf.yield %0 : tensor<5xf32>
}

// -----

func.func @f() {
  // expected-error @+1 {{refers to unknown weight @nowhere}}
  %0 = xf.weight @nowhere : tensor<4xf32>
  return
}

// -----

xf.weight_data @w : tensor<4xf32> from #xf.source<"m", 0, 16, raw>
func.func @f() {
  // expected-error @+1 {{expects type 'tensor<4xf32>' of weight @w}}
  %0 = xf.weight @w : tensor<5xf32>
  return
}

// -----

xf.weight_data @w : tensor<4xf32> from #xf.source<"m", 0, 16, raw>
func.func @f(%l: index) {
  // expected-error @+1 {{expects type 'tensor<f32>' of weight @w}}
  %0 = xf.weight @w[%l] : tensor<4xf32>
  return
}

// -----

xf.weight_data @w : tensor<f32> from #xf.source<"m", 0, 4, raw>
func.func @f(%l: index) {
  // expected-error @+1 {{expects layers of weight @w, which is a 'tensor<f32>'}}
  %0 = xf.weight @w[%l] : tensor<f32>
  return
}

// -----

// expected-error @+1 {{expects xf.bounds to be a dictionary}}
module attributes {xf.bounds = 3} {}

// -----

// expected-error @+1 {{expects bounds of dimension 'n' as array<i64: MIN, MAX> with 0 <= MIN <= MAX}}
module attributes {xf.bounds = {n = array<i64: 4, 3>}} {}

// -----

// expected-error @+1 {{expects xf.requires to list {dims, factors, range} with one factor per dimension and MIN <= MAX}}
module attributes {xf.requires = [{dims = ["n"], factors = array<i64: 1>, range = array<i64: 4, 3>}]} {}

// -----

// expected-error @+1 {{expects xf.requires to list}}
module attributes {xf.requires = [{dims = [3], factors = array<i64: 1>, range = array<i64: 3, 4>}]} {}

// -----

// expected-error @+1 {{expects xf.interface as xf-export-interface records it}}
module attributes {xf.interface = {inputs = [], outputs = []}} {}

// -----

// The dimensions are those of the type.
// expected-error @+1 {{expects xf.interface as xf-export-interface records it}}
module attributes {xf.interface = {inputs = [{name = "x", type = tensor<?xf32>, dims = []}], outputs = [], symbols = []}} {}

// -----

// expected-error @+1 {{expects xf.name to be a string}}
func.func private @f(tensor<4xf32> {xf.name = 3})

// -----

// expected-error @+1 {{expects xf.dims to be an array of strings}}
func.func private @f(tensor<4xf32> {xf.dims = [3]})

// -----

// expected-error @+1 {{expects xf.dims with 1 names, got 2}}
func.func private @f(tensor<?xf32> {xf.dims = ["n", ""]})

// -----

// expected-error @+1 {{expects xf.buffers as array<i64: POSITION, ...>}}
func.func private @buffers(tensor<4xf32> {xf.buffers = 3})

// -----

// expected-error @+1 {{expects one of xf.buffers for each of the stacked layers, got 2 for 'tensor<3x4xf32>'}}
func.func private @stacked_buffers(tensor<3x4xf32> {xf.buffers = array<i64: 0, 1>})
