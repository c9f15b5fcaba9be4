//===- TensorFilesTest.cpp - reading and writing tensors -------------------===//
//
// Part of Tilewright, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "lib/Artefact/TensorFiles.h"
#include "lib/Artefact/NpyFile.h"
#include "onnx/onnx.pb.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace tilewright;

namespace {

class TensorFiles : public testing::Test {
protected:
  TensorFiles() : path(testing::TempDir() + "tilewright-tensor-" + std::to_string(getpid())) {}
  ~TensorFiles() override { std::filesystem::remove(path); }

  llvm::Expected<HostTensor> read(const std::string &bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return readTensorFile(path);
  }
  /// A file of numpy's version 1 with this header.
  llvm::Expected<HostTensor> readNpy(const std::string &header, const std::string &data) {
    std::string bytes = std::string("\x93NUMPY\x01\x00", 8);
    bytes += static_cast<char>(header.size());
    return read(bytes + '\0' + header + data);
  }
  llvm::Expected<HostTensor> read(const onnx::TensorProto &proto) {
    return read(proto.SerializeAsString());
  }

  void expectError(llvm::Expected<HostTensor> tensor, const std::string &message) {
    ASSERT_FALSE(bool(tensor));
    EXPECT_EQ(llvm::toString(tensor.takeError()), "'" + path + "': expects " + message);
  }

  std::string path;
};

TEST_F(TensorFiles, NpyRoundTrip) {
  for (DLDataType type :
       {DLDataType{kDLFloat, 32, 1}, DLDataType{kDLInt, 64, 1}, DLDataType{kDLUInt, 8, 1},
        DLDataType{kDLFloat, 16, 1}, DLDataType{kDLInt, 16, 1}})
    for (std::vector<int64_t> shape : {std::vector<int64_t>{}, {5}, {2, 3}, {2, 0, 3}}) {
      HostTensor tensor = llvm::cantFail(HostTensor::create(type, shape));
      for (size_t i = 0; i < tensor.numBytes(); ++i)
        tensor.data()[i] = static_cast<char>(i * 11);
      ASSERT_FALSE(bool(writeNpyFile(path, tensor)));
      EXPECT_EQ(std::filesystem::file_size(path) % 64, tensor.numBytes() % 64);
      HostTensor copy = llvm::cantFail(readTensorFile(path));
      EXPECT_EQ(copy.dtype().code, type.code);
      EXPECT_EQ(copy.dtype().bits, type.bits);
      EXPECT_EQ(copy.shape(), tensor.shape());
      EXPECT_EQ(memcmp(copy.data(), tensor.data(), tensor.numBytes()), 0);
    }
}

TEST_F(TensorFiles, Bfloat16IsWrittenAsFloat32) {
  HostTensor tensor = llvm::cantFail(HostTensor::create({kDLBfloat, 16, 1}, {1}));
  tensor.data()[1] = '\x40'; // 0x4000: 2.0
  ASSERT_FALSE(bool(writeNpyFile(path, tensor)));
  HostTensor copy = llvm::cantFail(readTensorFile(path));
  EXPECT_EQ(copy.dtype().bits, 32);
  EXPECT_EQ(copy.at(0), 2.0);
}

TEST_F(TensorFiles, NpyAsNumpyWritesIt) {
  HostTensor tensor =
      llvm::cantFail(readNpy("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 1), }\n",
                             std::string("\x01\x00\xff\xff", 4)));
  EXPECT_EQ(tensor.shape(), llvm::ArrayRef<int64_t>({2, 1}));
  EXPECT_EQ(tensor.at(0), 1);
  EXPECT_EQ(tensor.at(1), -1);
}

TEST_F(TensorFiles, BadNpy) {
  expectError(readNpy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "1234"),
              "little-endian numbers or bool of 1 to 8 bytes, got numpy type '>f4'");
  expectError(readNpy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", ""),
              "little-endian numbers or bool of 1 to 8 bytes, got numpy type '<c16'");
  expectError(readNpy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "1234"),
              "row-major data (numpy.ascontiguousarray)");
  expectError(readNpy("{'descr': '<f4', 'fortran_order': False, 'shape': 7, }", "1234"),
              "a shape, got '7'");
  expectError(readNpy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234"),
              "as much data as its shape 2 of float32 needs, got 4 bytes");
  expectError(
      readNpy("{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }", ""),
      "as much data as its shape 9999999999x9999999999 of float32 needs, got 0 bytes");
  expectError(read("\x93NUMPY"), "the format .npy of version 1 to 3");
  expectError(read(std::string("\x93NUMPY\x01\x00\xff\x00{", 11)),
              "a header of 255 bytes, the file ends before");
}

TEST_F(TensorFiles, TensorProtoRawAndTyped) {
  onnx::TensorProto proto;
  proto.set_data_type(onnx::TensorProto::FLOAT16);
  proto.add_dims(2);
  proto.add_int32_data(0x3C00);
  proto.add_int32_data(0xFC00);
  HostTensor half = llvm::cantFail(read(proto));
  EXPECT_EQ(half.at(0), 1.0);
  EXPECT_EQ(half.at(1), -INFINITY);

  proto.Clear();
  proto.set_data_type(onnx::TensorProto::BOOL);
  proto.set_raw_data(std::string(1, '\x01'));
  HostTensor flag = llvm::cantFail(read(proto));
  EXPECT_TRUE(flag.shape().empty());
  EXPECT_EQ(flag.at(0), 1);

  proto.Clear();
  proto.set_data_type(onnx::TensorProto::UINT32);
  proto.add_dims(1);
  proto.add_uint64_data(4000000000);
  EXPECT_EQ(llvm::cantFail(read(proto)).at(0), 4e9);
}

TEST_F(TensorFiles, BadTensorProto) {
  expectError(read("garbage\xff\xff"),
              "a tensor in numpy's format (.npy) or ONNX's TensorProto (.pb)");
  expectError(read(""), "a tensor in numpy's format (.npy) or ONNX's TensorProto (.pb)");
  onnx::TensorProto proto;
  proto.set_data_type(onnx::TensorProto::STRING);
  expectError(read(proto), "a tensor of integers, bool or floats of 8 to 64 bits, got ONNX type 8");
  proto.set_data_type(onnx::TensorProto::FLOAT);
  proto.add_dims(3);
  expectError(read(proto), "3 elements, as its shape says");
  proto.set_raw_data("1234");
  expectError(read(proto), "12 bytes of data, as its shape says, got 4");
  proto.add_dims(int64_t(1) << 40);
  expectError(read(proto), "a shape of less than 2^31 elements, got 3x1099511627776");
}

TEST_F(TensorFiles, MissingFile) {
  llvm::Expected<HostTensor> tensor = readTensorFile("/nowhere/x.npy");
  ASSERT_FALSE(bool(tensor));
  EXPECT_EQ(llvm::toString(tensor.takeError()),
            "cannot read '/nowhere/x.npy': No such file or directory");
}

} // namespace
