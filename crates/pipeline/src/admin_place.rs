//! Where the admin ports of the processes of this machine are, so that `healthcheck` of the same program finds them: each
//! process leaves its address and its namespace in a file of its user's, as long as it lives. Where nothing can be written, ADMIN_LISTEN has to say the port.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What was left; it goes with this.
#[derive(Debug)]
pub(crate) struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// Leaves the address of this process.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn leave(service: &str, namespace: &str, addr: SocketAddr) -> io::Result<Left> {
    leave_in(&folder()?, service, std::process::id(), namespace, addr)
}

/// Where processes of this program and this namespace listen that are running.
pub(crate) fn find(service: &str, namespace: &str) -> Vec<SocketAddr> {
    let found = |folder: PathBuf| find_in(&folder, service, namespace, is_running);
    folder().map_or_else(|_| Vec::new(), found)
}

fn leave_in(
    folder: &Path,
    service: &str,
    process: u32,
    namespace: &str,
    addr: SocketAddr,
) -> io::Result<Left> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let path = folder.join(format!("{service}-{process}"));
    // The number may have been that of a process that is gone.
    drop(fs::remove_file(&path));
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)?;
    let left = Left(path);
    write!(file, "{addr} {namespace}")?;
    Ok(left)
}

/// Files of processes that are gone are removed.
fn find_in(
    folder: &Path,
    service: &str,
    namespace: &str,
    is_running: impl Fn(u32) -> bool,
) -> Vec<SocketAddr> {
    let start = format!("{service}-");
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let process = name.strip_prefix(&start)?.parse().ok()?;
        if !is_running(process) {
            drop(fs::remove_file(entry.path()));
            return None;
        }
        let text = fs::read_to_string(entry.path()).ok()?;
        match text.split_once(' ') {
            Some((addr, its)) => addr.parse().ok().filter(|_| its == namespace),
            // A version of before did not say it.
            None => text.parse().ok(),
        }
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
        let leave = |service: &str, process, port| {
            leave_in(folder.path(), service, process, "okki", addr(port)).unwrap()
        };
        std::mem::forget(leave("loader", 7, 1));
        std::mem::forget(leave("loader", 7, 2));
        std::mem::forget(leave("loader", 8, 3));
        let extractor = leave("extractor", 9, 4);
        let find = |service: &str, namespace: &str| {
            find_in(folder.path(), service, namespace, |process| process != 8)
        };
        assert_eq!(find("loader", "okki"), [addr(2)]);
        assert_eq!(find("loader", "another"), []);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        assert_eq!(find("desk", "okki"), []);
        drop(extractor);
        assert_eq!(find("extractor", "okki"), []);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(is_running(std::process::id()) && !is_running(1_u32 << 30));
    }
}
