// Products and attention of which a size is 0 at compile time: no rows, no columns, nothing to sum, no keys, heads of size 0.
func.func @main(%a: tensor<2x3xf32> {xf.name = "a"}, %b: tensor<3x0xf32> {xf.name = "b"}, %c: tensor<0x2xf32> {xf.name = "c"}, %d: tensor<2x5xf32> {xf.name = "d"},
                %q: tensor<1x2x3x8xf32> {xf.name = "q"}, %k: tensor<1x2x0x8xf32> {xf.name = "k"}, %v: tensor<1x2x4x5xf32> {xf.name = "v"},
                %r: tensor<1x2x3x0xf32> {xf.name = "r"}, %l: tensor<1x2x4x0xf32> {xf.name = "l"})
    -> (tensor<2x0xf32> {xf.name = "columns"}, tensor<0x5xf32> {xf.name = "rows"}, tensor<2x5xf32> {xf.name = "sum"}, tensor<1x2x3x8xf32> {xf.name = "keys"},
        tensor<1x2x3x5xf32> {xf.name = "heads"}) {
  %columns = xf.matmul %a, %b : (tensor<2x3xf32>, tensor<3x0xf32>) -> tensor<2x0xf32>
  %rows = xf.matmul %c, %d : (tensor<0x2xf32>, tensor<2x5xf32>) -> tensor<0x5xf32>
  %none = xf.matmul %columns, %rows : (tensor<2x0xf32>, tensor<0x5xf32>) -> tensor<2x5xf32>
  %sum = xf.binary add %none, %d : (tensor<2x5xf32>, tensor<2x5xf32>) -> tensor<2x5xf32>
  %keys = xf.attention %q, %k, %k scale 0.25 : (tensor<1x2x3x8xf32>, tensor<1x2x0x8xf32>, tensor<1x2x0x8xf32>) -> tensor<1x2x3x8xf32>
  %heads = xf.attention %r, %l, %v scale 0.25 : (tensor<1x2x3x0xf32>, tensor<1x2x4x0xf32>, tensor<1x2x4x5xf32>) -> tensor<1x2x3x5xf32>
  return %columns, %rows, %sum, %keys, %heads : tensor<2x0xf32>, tensor<0x5xf32>, tensor<2x5xf32>, tensor<1x2x3x8xf32>, tensor<1x2x3x5xf32>
}
