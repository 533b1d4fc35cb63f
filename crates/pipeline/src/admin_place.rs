//! Where the admin ports of the processes of this machine are, so that `healthcheck` of the same program finds them: each
//! process leaves its address in a file of its user's. Where nothing can be written, ADMIN_LISTEN has to say the port.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Leaves the address of this process.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn leave(service: &str, addr: SocketAddr) -> io::Result<()> {
    leave_in(&folder()?, service, std::process::id(), addr)
}

/// Where processes of this program listen that are running.
pub(crate) fn find(service: &str) -> Vec<SocketAddr> {
    folder().map_or_else(|_| Vec::new(), |folder| find_in(&folder, service, is_running))
}

fn leave_in(folder: &Path, service: &str, process: u32, addr: SocketAddr) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(format!("{service}-{process}"));
    // The number may have been that of a process that is gone.
    drop(fs::remove_file(&path));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    write!(file, "{addr}")
}

/// Files of processes that are gone are removed.
fn find_in(folder: &Path, service: &str, is_running: impl Fn(u32) -> bool) -> Vec<SocketAddr> {
    let start = format!("{service}-");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let process = name.strip_prefix(&start)?.parse().ok()?;
        if !is_running(process) {
            drop(fs::remove_file(entry.path()));
            return None;
        }
        fs::read_to_string(entry.path()).ok()?.parse().ok()
    });
    found.collect()
}

/// Nobody else can write there.
fn folder() -> io::Result<PathBuf> {
    let me = fs::metadata("/proc/self")?.uid();
    let folder = std::env::temp_dir().join(format!("okki-{me}"));
    match fs::symlink_metadata(&folder) {
        Ok(there) if there.uid() != me || !there.is_dir() => Err(io::ErrorKind::PermissionDenied.into()),
        _ => Ok(folder),
    }
}

/// The process is there, and of the same program as this one.
fn is_running(process: u32) -> bool {
    let program = |process: &str| {
        let path = fs::read_link(format!("/proc/{process}/exe")).ok()?;
        // A program that was replaced while it runs is called `… (deleted)`.
        let name = path.file_name()?.to_string_lossy().into_owned();
        Some(name.trim_end_matches(" (deleted)").to_owned())
    };
    program(&process.to_string()).is_some_and(|it| Some(it) == program("self"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_is_found_and_who_is_gone_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let addr = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        leave_in(folder.path(), "loader", 7, addr(1)).unwrap();
        leave_in(folder.path(), "loader", 7, addr(2)).unwrap();
        leave_in(folder.path(), "loader", 8, addr(3)).unwrap();
        leave_in(folder.path(), "extractor", 9, addr(4)).unwrap();
        assert_eq!(
            find_in(folder.path(), "loader", |process| process == 7),
            [addr(2)]
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(find_in(folder.path(), "desk", |_| true), []);
        assert!(is_running(std::process::id()) && !is_running(1_u32 << 30));
    }
}
