//! Compiles the `.proto` files with protox, so that no `protoc` has to be installed.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=okki");
    let files = protox::compile(
        [
            "okki/pipeline/v1/pipeline.proto",
            "okki/pipeline/v1/events.proto",
            "okki/pipeline/v2/bundle.proto",
        ],
        ["."],
    )?;
    // For everything that reads messages by their schema (dead letters as JSON).
    #[expect(
        clippy::disallowed_methods,
        reason = "cargo tells a build script its folder in no other way"
    )]
    let descriptors = std::path::Path::new(&std::env::var("OUT_DIR")?).join("descriptors.bin");
    std::fs::write(descriptors, prost::Message::encode_to_vec(&files))?;
    prost_build::Config::new().bytes(["."]).compile_fds(files)?;
    Ok(())
}
