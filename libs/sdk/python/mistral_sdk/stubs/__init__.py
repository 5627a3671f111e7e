"""Stubs of the public contracts, generated when the package is built. Nothing here is written by hand but this file.

They are in a pool of descriptors of their own: stubs of the same contracts that an application has elsewhere, of
another version perhaps, do no harm.
"""

from google.protobuf import any_pb2, descriptor_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2
from google.protobuf.descriptor_pool import DescriptorPool

pool = DescriptorPool()
"""Where the contracts are registered; the types that protobuf itself brings come first."""

for _known in (any_pb2, descriptor_pb2, duration_pb2, field_mask_pb2, struct_pb2, timestamp_pb2):
    pool.AddSerializedFile(_known.DESCRIPTOR.serialized_pb)
