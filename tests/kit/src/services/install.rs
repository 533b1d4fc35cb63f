//! Finds the programs of the services, and installs them with apt where that is allowed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::config::broker_root;

/// What has to be started. A service that the caller provides is `None`.
#[derive(Debug, Default)]
pub(super) struct Programs {
    pub broker: Option<BrokerPrograms>,
    pub redis: Option<PathBuf>,
}

/// RabbitMQ's start script and Erlang's port mapper.
#[derive(Debug, Clone)]
pub struct BrokerPrograms {
    pub server: PathBuf,
    pub mapper: PathBuf,
    /// The root of the system that they are programs of, if it is not this one.
    pub root: Option<PathBuf>,
}

/// Makes another root's view of the folders for temporary files this system's, for the program and what it starts only.
const CHANGE_ROOT: &str = r#"
mount --bind "$2" "$1$2"
mount -t proc proc "$1/proc"
root=$1
shift 2
exec chroot "$root" "$@"
"#;

impl BrokerPrograms {
    /// How one of them is started; it becomes the process that is started.
    pub fn command(&self, program: &Path) -> Command {
        let Some(root) = &self.root else {
            return Command::new(program);
        };
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-euc", CHANGE_ROOT, "sh"]);
        command.arg(root).arg(std::env::temp_dir()).arg(program);
        command
    }
}

/// The real start script, not Debian's wrapper, which insists on running as the system's `rabbitmq` user.
const RABBITMQ: &[&str] = &[
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
];
const EPMD: &[&str] = &[
    "/usr/bin/epmd",
    "/opt/homebrew/bin/epmd",
    "/usr/local/bin/epmd",
    "/opt/erlang/bin/epmd",
];
const REDIS: &[&str] = &[
    "/usr/bin/redis-server",
    "/opt/homebrew/bin/redis-server",
    "/usr/local/bin/redis-server",
];

/// The programs that are needed, installed if they were missing.
pub(super) async fn programs(broker: bool, redis: bool) -> anyhow::Result<Programs> {
    let mut missing = missing(broker, redis);
    if !missing.is_empty() {
        install(&missing).await?;
        missing = self::missing(broker, redis);
    }
    if !missing.is_empty() {
        bail!("{}", advice(&missing));
    }
    let broker = if broker { rabbitmq() } else { None };
    let redis = if redis { find("redis-server", REDIS) } else { None };
    Ok(Programs { broker, redis })
}

fn missing(broker: bool, redis: bool) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if broker && rabbitmq().is_none() {
        packages.push("rabbitmq-server");
    }
    if redis && find("redis-server", REDIS).is_none() {
        packages.push("redis-server");
    }
    packages
}

fn rabbitmq() -> Option<BrokerPrograms> {
    if let Some(root) = broker_root() {
        return of_root(root);
    }
    let known = RABBITMQ.iter().map(PathBuf::from).find(|path| path.is_file());
    // Elsewhere on the search path it is the start script itself; only Debian's packages put a wrapper there.
    let server =
        known.or_else(|| on_path("rabbitmq-server").filter(|path| !path.starts_with("/usr/sbin")))?;
    Some(BrokerPrograms {
        server,
        mapper: find("epmd", EPMD)?,
        root: None,
    })
}

/// Another Debian's, by their paths there.
fn of_root(root: PathBuf) -> Option<BrokerPrograms> {
    let versions = std::fs::read_dir(root.join("usr/lib/rabbitmq/lib")).ok()?;
    let version = versions.flatten().next()?.file_name();
    let folder = Path::new("/usr/lib/rabbitmq/lib").join(version);
    Some(BrokerPrograms {
        server: folder.join("sbin/rabbitmq-server"),
        mapper: PathBuf::from("/usr/bin/epmd"),
        root: Some(root),
    })
}

pub(crate) fn find(name: &str, usual: &[&str]) -> Option<PathBuf> {
    on_path(name).or_else(|| usual.iter().map(PathBuf::from).find(|path| path.is_file()))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let output = Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", name])
        .output()
        .ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    path.is_absolute().then_some(path)
}

/// Installs as root or through a sudo that asks no questions. The packages would start and enable system services
/// of their own; both is prevented, since the machine is not ours.
const INSTALL: &str = r#"
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get -q -o DPkg::Lock::Timeout=180 update
apt-get -q -y -o DPkg::Lock::Timeout=180 install --no-install-recommends "$@"
if [ -d /run/systemd/system ]; then
    systemctl --quiet disable "$@" || true
fi
"#;

pub(crate) async fn install(packages: &[&str]) -> anyhow::Result<()> {
    let succeeds = |program: &str, args: &[&str]| {
        Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("{}", advice(packages));
    }
    let mut command = if rustix::process::getuid().is_root() {
        tokio::process::Command::new("sh")
    } else if succeeds("sudo", &["-n", "true"]) {
        let mut sudo = tokio::process::Command::new("sudo");
        sudo.args(["-n", "sh"]);
        sudo
    } else {
        bail!("{}", advice(packages));
    };
    eprintln!(
        "installing {} with apt (without starting or enabling system services) …",
        packages.join(" and ")
    );
    let output = command
        .args(["-c", INSTALL, "sh"])
        .args(packages)
        .stdin(Stdio::null())
        .output()
        .await
        .context("run apt-get")?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = crate::process::tail(&String::from_utf8_lossy(&said), 20);
        bail!(
            "apt-get failed ({}):\n{said}\n\n{}",
            output.status,
            advice(packages)
        );
    }
    Ok(())
}

fn advice(packages: &[&str]) -> String {
    let list = packages.join(" ");
    let brew = list.replace("-server", "");
    format!(
        "{} missing, and cannot be installed from here. Install by hand, then run this again:\n  \
         Debian, Ubuntu:  sudo apt-get install {list}\n  \
         macOS:           brew install {brew}\n\
         or name running ones: AMQP_URL=amqp://user:password@host:5672/%2f REDIS_URL=redis://host:6379/0",
        if packages.len() == 1 {
            format!("{list} is")
        } else {
            format!("{} are", packages.join(" and "))
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_what_is_missing_and_the_ways_out() {
        let text = advice(&["rabbitmq-server", "redis-server"]);
        assert!(
            text.starts_with("rabbitmq-server and redis-server are missing"),
            "{text}"
        );
        for way in [
            "apt-get install rabbitmq-server redis-server",
            "brew install rabbitmq redis",
            "AMQP_URL=",
        ] {
            assert!(text.contains(way), "{way} in {text}");
        }
    }

    #[tokio::test]
    async fn what_somebody_else_provides_is_neither_looked_for_nor_installed() {
        let programs = programs(false, false).await.unwrap();
        assert!(programs.broker.is_none() && programs.redis.is_none());
    }
}
