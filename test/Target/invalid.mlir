// RUN: tilewright-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expects positive lanes, registers, l1 and l2 of CPU 'none'}}
module attributes {target.cpu = #target.cpu<name = "none", triple = "", cpu = "", features = "", lanes = 0, registers = 32, l1 = 32768, l2 = 1048576>} {}
