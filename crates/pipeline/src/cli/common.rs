//! What every service's command line can do beside its own work: health check, completions, manual pages.
//!
//! None of it needs settings, a broker or Redis, so that it works in an image without a shell and on a laptop.

use std::{io::Write, net::SocketAddr, path::Path};

use anyhow::Context;
use clap::CommandFactory;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use words::Language;

pub use super::config::{CommonCommand, HealthcheckArgs, NotifyArgs};
use super::{chinese, notify};
use crate::admin_place;

/// The answer of `/readyz` lists the reasons of a pause; more than this is not an answer of ours.
const ANSWER_LIMIT: u64 = 64 * 1024;

/// Runs a common subcommand of the program whose command line is `C`.
///
/// # Errors
/// When the process asked is not well, or the output cannot be written.
pub async fn run<C: CommandFactory>(command: CommonCommand) -> anyhow::Result<()> {
    match command {
        CommonCommand::Healthcheck(args) => healthcheck(C::command().get_name(), &args).await,
        CommonCommand::Notify(args) => notify::notify::<C>(*args).await,
        CommonCommand::Completions { shell } => {
            let mut command = told(super::program::<C>());
            let name = command.get_name().to_owned();
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, name, &mut script);
            print(&script)
        }
        CommonCommand::Man { to: Some(folder) } => {
            std::fs::create_dir_all(&folder).with_context(|| words::tr!("make {}", folder.display()))?;
            let mut root = told(super::program::<C>());
            root.build();
            write_pages(&root, &folder)
        }
        CommonCommand::Man { to: None } => {
            let mut page = Vec::new();
            clap_mangen::Man::new(told(super::program::<C>())).render(&mut page)?;
            print(&in_language(page))
        }
    }
}

/// One page per command; names are joined with a dash, as `git-log` is.
fn write_pages(command: &clap::Command, folder: &Path) -> anyhow::Result<()> {
    let name = command
        .get_display_name()
        .unwrap_or(command.get_name())
        .replace(' ', "-");
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    std::fs::write(&path, in_language(page)).with_context(|| words::tr!("write {}", path.display()))?;
    for below in command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
    {
        write_pages(below, folder)?;
    }
    Ok(())
}

/// The texts of the command line as they are read here; nothing is parsed by it.
fn told(command: clap::Command) -> clap::Command {
    match words::current() {
        Language::English => command,
        Language::Chinese => chinese::told(command),
    }
}

/// A manual page with the headings of the language.
fn in_language(page: Vec<u8>) -> Vec<u8> {
    match words::current() {
        Language::English => page,
        Language::Chinese => chinese::in_page(&String::from_utf8_lossy(&page)).into_bytes(),
    }
}

fn print(bytes: &[u8]) -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(bytes)?)
}

async fn healthcheck(service: &str, args: &HealthcheckArgs) -> anyhow::Result<()> {
    let path = if args.ready { "/readyz" } else { "/livez" };
    // Port 0 says that any will do, and not which it is.
    let said = args.addr.filter(|addr| addr.port() != 0);
    let asked = match said {
        Some(addr) => vec![addr],
        None => admin_place::find(service, args.namespace.trim()),
    };
    if asked.is_empty() {
        words::bail!(
            "no {service} of namespace {} runs here; where its port cannot be found, name it in ADMIN_LISTEN",
            args.namespace
        );
    }
    for addr in asked.into_iter().map(reachable) {
        let answer = tokio::time::timeout(args.timeout, get(addr, path)).await;
        let (status, body) = answer
            .with_context(|| words::tr!("{addr} did not answer within {:?}", args.timeout))?
            .with_context(|| words::tr!("ask {addr}{path}"))?;
        if status != 200 {
            words::bail!("{addr}{path} answered {status}: {}", body.trim());
        }
    }
    Ok(())
}

/// A process that listens on all interfaces is asked on loopback.
fn reachable(mut addr: SocketAddr) -> SocketAddr {
    if addr.ip().is_unspecified() {
        addr.set_ip(match addr {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    addr
}

/// Plain HTTP/1.0, because a probe must not spend its time on loading certificates.
async fn get(addr: SocketAddr, path: &str) -> anyhow::Result<(u16, String)> {
    let mut stream = TcpStream::connect(addr).await?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {addr}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_LIMIT).read_to_end(&mut answer).await?;
    parse(&String::from_utf8_lossy(&answer)).with_context(|| words::tr!("the answer is not HTTP"))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Parser, Subcommand};

    #[derive(Parser)]
    #[command(name = "service")]
    struct Cli {
        #[command(subcommand)]
        command: Command,
    }

    #[derive(Subcommand)]
    enum Command {
        #[command(flatten)]
        Common(CommonCommand),
    }

    fn command(args: &[&str]) -> CommonCommand {
        let Command::Common(command) = Cli::parse_from([&["service"], args].concat()).command;
        command
    }

    /// Answers one request with these bytes.
    async fn stub(answer: &'static str) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 256];
            let _read = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        addr
    }

    async fn check(addr: SocketAddr, more: &[&str]) -> Result<(), String> {
        let addr = addr.to_string();
        let args = [&["healthcheck", "--admin-listen", &addr], more].concat();
        run::<Cli>(command(&args))
            .await
            .map_err(|error| format!("{error:#}"))
    }

    #[tokio::test]
    async fn a_health_check_repeats_the_answer_of_a_process_that_is_not_ready() {
        let well = stub("HTTP/1.0 200 OK\r\n\r\nok\n").await;
        assert_eq!(check(well, &[]).await, Ok(()));
        let paused = stub("HTTP/1.1 503 Service Unavailable\r\nx: y\r\n\r\n{\"ready\":false}").await;
        let problem = check(paused, &["--ready"]).await.unwrap_err();
        assert!(
            problem.contains("/readyz answered 503: {\"ready\":false}"),
            "{problem}"
        );
    }

    #[tokio::test]
    async fn nobody_at_the_address_is_not_well() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = listener.local_addr().unwrap();
        let problem = check(silent, &["--timeout", "50ms"]).await.unwrap_err();
        assert!(problem.contains("did not answer"), "{problem}");
        drop(listener);
        assert!(check(silent, &[]).await.is_err());
    }

    #[tokio::test]
    async fn where_nobody_of_the_namespace_runs_nothing_is_well() {
        let args = [
            "healthcheck",
            "--admin-listen",
            "127.0.0.1:0",
            "--namespace",
            "nobody-here",
        ];
        let problem = run::<Cli>(command(&args)).await.unwrap_err().to_string();
        assert!(
            problem.starts_with("no service of namespace nobody-here runs here"),
            "{problem}"
        );
    }

    #[test]
    fn all_interfaces_are_asked_on_loopback() {
        let asked = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:9464"), "127.0.0.1:9464");
        assert_eq!(asked("[::]:9464"), "[::1]:9464");
        assert_eq!(asked("10.0.0.7:1"), "10.0.0.7:1");
    }

    #[tokio::test]
    async fn every_command_gets_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().to_str().unwrap();
        run::<Cli>(command(&["man", "--to", to])).await.unwrap();
        let page = std::fs::read_to_string(folder.path().join("service-healthcheck.1")).unwrap();
        assert!(page.contains("ready"), "{page}");
        assert!(folder.path().join("service.1").exists());
    }
}
