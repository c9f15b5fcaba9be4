#include "lib/Codegen/Passes.h"
using namespace mlir;
namespace tilewright {
#define GEN_PASS_DEF_POLYNOMIALS
#include "lib/Codegen/Passes.h.inc"
namespace { struct Polynomials : impl::PolynomialsBase<Polynomials> { void runOnOperation() override {} }; }
}
