// What stands around convolutions in models: the front of an audio encoder, a residual block with a scale per channel,
// and layers of attention and convolution, which are rolled.
xf.weight_data @w0 : tensor<40x7x3xf32> from #xf.source<"convolutions.bin", 0, 3360, raw>
xf.weight_data @w1 : tensor<33x40x3xf32> from #xf.source<"convolutions.bin", 3360, 15840, raw>
xf.weight_data @w2 : tensor<33x33x3xf32> from #xf.source<"convolutions.bin", 19200, 13068, raw>
xf.weight_data @w3 : tensor<33x33x3xf32> from #xf.source<"convolutions.bin", 32268, 13068, raw>
xf.weight_data @w4 : tensor<33x33x3xf32> from #xf.source<"convolutions.bin", 45336, 13068, raw>
func.func @main(%x: tensor<?x7x?xf32> {xf.name = "x", xf.dims = ["batch", "", "frames"]}, %image: tensor<?x7x?x9xf32> {xf.name = "image", xf.dims = ["batch", "", "rows", ""]})
    -> (tensor<?x?x33xf32> {xf.name = "layers", xf.dims = ["batch", "", ""]}, tensor<?x7x?x9xf32> {xf.name = "block", xf.dims = ["batch", "", "rows", ""]}) {
  %w0 = xf.weight @w0 : tensor<40x7x3xf32>
  %w1 = xf.weight @w1 : tensor<33x40x3xf32>
  %bias = arith.constant dense<0.25> : tensor<40xf32>
  %c0 = xf.conv %x filter(%w0) bias(%bias) strides [1] pads [1, 1] dilations [1] group 1 : (tensor<?x7x?xf32>, tensor<40x7x3xf32>, tensor<40xf32>) -> tensor<?x40x?xf32>
  %g0 = xf.unary gelu_erf %c0 : (tensor<?x40x?xf32>) -> tensor<?x40x?xf32>
  %c1 = xf.conv %g0 filter(%w1) strides [2] pads [1, 1] dilations [1] group 1 : (tensor<?x40x?xf32>, tensor<33x40x3xf32>) -> tensor<?x33x?xf32>
  %g1 = xf.unary gelu_erf %c1 : (tensor<?x33x?xf32>) -> tensor<?x33x?xf32>

  %batch = xf.dim "batch"
  %frames = xf.dim "frames"
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %steps = arith.subi %frames, %one : index
  %half = arith.divsi %steps, %two : index
  %length = arith.addi %half, %one : index
  // Each layer attends to its input and adds a convolution of what it found.
  %t0 = xf.transpose %g1 perm [0, 2, 1] : (tensor<?x33x?xf32>) -> tensor<?x?x33xf32>
  %h0 = xf.reshape %t0 to [%batch, 1, %length, 33] : tensor<?x?x33xf32> -> tensor<?x1x?x33xf32>
  %a0 = xf.attention %h0, %h0, %h0 scale 0.2 : (tensor<?x1x?x33xf32>, tensor<?x1x?x33xf32>, tensor<?x1x?x33xf32>) -> tensor<?x1x?x33xf32>
  %r0 = xf.reshape %a0 to [%batch, %length, 33] : tensor<?x1x?x33xf32> -> tensor<?x?x33xf32>
  %f0 = xf.transpose %r0 perm [0, 2, 1] : (tensor<?x?x33xf32>) -> tensor<?x33x?xf32>
  %k0 = xf.weight @w2 : tensor<33x33x3xf32>
  %d0 = xf.conv %f0 filter(%k0) strides [1] pads [2, 2] dilations [2] group 1 : (tensor<?x33x?xf32>, tensor<33x33x3xf32>) -> tensor<?x33x?xf32>
  %s0 = xf.binary add %g1, %d0 : (tensor<?x33x?xf32>, tensor<?x33x?xf32>) -> tensor<?x33x?xf32>
  %t1 = xf.transpose %s0 perm [0, 2, 1] : (tensor<?x33x?xf32>) -> tensor<?x?x33xf32>
  %h1 = xf.reshape %t1 to [%batch, 1, %length, 33] : tensor<?x?x33xf32> -> tensor<?x1x?x33xf32>
  %a1 = xf.attention %h1, %h1, %h1 scale 0.2 : (tensor<?x1x?x33xf32>, tensor<?x1x?x33xf32>, tensor<?x1x?x33xf32>) -> tensor<?x1x?x33xf32>
  %r1 = xf.reshape %a1 to [%batch, %length, 33] : tensor<?x1x?x33xf32> -> tensor<?x?x33xf32>
  %f1 = xf.transpose %r1 perm [0, 2, 1] : (tensor<?x?x33xf32>) -> tensor<?x33x?xf32>
  %k1 = xf.weight @w3 : tensor<33x33x3xf32>
  %d1 = xf.conv %f1 filter(%k1) strides [1] pads [2, 2] dilations [2] group 1 : (tensor<?x33x?xf32>, tensor<33x33x3xf32>) -> tensor<?x33x?xf32>
  %s1 = xf.binary add %s0, %d1 : (tensor<?x33x?xf32>, tensor<?x33x?xf32>) -> tensor<?x33x?xf32>
  %t2 = xf.transpose %s1 perm [0, 2, 1] : (tensor<?x33x?xf32>) -> tensor<?x?x33xf32>
  %h2 = xf.reshape %t2 to [%batch, 1, %length, 33] : tensor<?x?x33xf32> -> tensor<?x1x?x33xf32>
  %a2 = xf.attention %h2, %h2, %h2 scale 0.2 : (tensor<?x1x?x33xf32>, tensor<?x1x?x33xf32>, tensor<?x1x?x33xf32>) -> tensor<?x1x?x33xf32>
  %r2 = xf.reshape %a2 to [%batch, %length, 33] : tensor<?x1x?x33xf32> -> tensor<?x?x33xf32>
  %f2 = xf.transpose %r2 perm [0, 2, 1] : (tensor<?x?x33xf32>) -> tensor<?x33x?xf32>
  %k2 = xf.weight @w4 : tensor<33x33x3xf32>
  %d2 = xf.conv %f2 filter(%k2) strides [1] pads [2, 2] dilations [2] group 1 : (tensor<?x33x?xf32>, tensor<33x33x3xf32>) -> tensor<?x33x?xf32>
  %s2 = xf.binary add %s1, %d2 : (tensor<?x33x?xf32>, tensor<?x33x?xf32>) -> tensor<?x33x?xf32>
  %layers = xf.transpose %s2 perm [0, 2, 1] : (tensor<?x33x?xf32>) -> tensor<?x?x33xf32>

  %scale = arith.constant dense<[[[0.5]], [[-1.0]], [[2.0]], [[1.0]], [[0.1]], [[1.5]], [[0.0]]]> : tensor<7x1x1xf32>
  %filter = arith.constant dense<0.0625> : tensor<7x7x3x3xf32>
  %place = arith.constant dense<[[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]]> : tensor<1x1x9xf32>
  %i0 = xf.conv %image filter(%filter) strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] group 1 : (tensor<?x7x?x9xf32>, tensor<7x7x3x3xf32>) -> tensor<?x7x?x9xf32>
  %i1 = xf.binary mul %scale, %i0 : (tensor<7x1x1xf32>, tensor<?x7x?x9xf32>) -> tensor<?x7x?x9xf32>
  %i2 = xf.unary relu %i1 : (tensor<?x7x?x9xf32>) -> tensor<?x7x?x9xf32>
  %i3 = xf.conv %i2 filter(%filter) strides [1, 1] pads [1, 1, 1, 1] dilations [1, 1] group 1 : (tensor<?x7x?x9xf32>, tensor<7x7x3x3xf32>) -> tensor<?x7x?x9xf32>
  %i4 = xf.binary sub %i2, %i3 : (tensor<?x7x?x9xf32>, tensor<?x7x?x9xf32>) -> tensor<?x7x?x9xf32>
  %i5 = xf.binary add %i4, %place : (tensor<?x7x?x9xf32>, tensor<1x1x9xf32>) -> tensor<?x7x?x9xf32>
  %block = xf.binary mul %i5, %image : (tensor<?x7x?x9xf32>, tensor<?x7x?x9xf32>) -> tensor<?x7x?x9xf32>
  return %layers, %block : tensor<?x?x33xf32>, tensor<?x7x?x9xf32>
}
