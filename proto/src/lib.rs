//! The wire contract: the messages that travel between the stages (add only, never renumber).

/// Messages of package `okki.pipeline.v1`, generated from `okki/pipeline/v1/pipeline.proto`.
#[allow(
    missing_docs,
    clippy::all,
    reason = "generated code; the documentation is in the .proto file"
)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/okki.pipeline.v1.rs"));
}

/// Messages of package `okki.pipeline.v2`, generated from `okki/pipeline/v2/bundle.proto`.
#[allow(
    missing_docs,
    clippy::all,
    reason = "generated code; the documentation is in the .proto file"
)]
pub mod v2 {
    include!(concat!(env!("OUT_DIR"), "/okki.pipeline.v2.rs"));
}

/// The schema of all messages, an encoded `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
