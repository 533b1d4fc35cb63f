//! Runs a command with RabbitMQ and Redis at hand: `with-services -- cargo test --workspace`.
//! Whatever it started is gone when it ends, by itself, by a signal or because the command failed.

use std::io::{IsTerminal, Read, Write};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::Context;
use clap::Parser;
use kit::config::{ServicesArgs, repository};
use kit::services::Services;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use tokio::signal::unix::{SignalKind, signal};

/// Run a command with RabbitMQ and Redis at hand.
///
/// The command finds them in AMQP_URL and REDIS_URL. If these are set already, they are left alone; else private
/// services are started on free loopback ports, with their data in a temporary folder, and ended with the command.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    services: ServicesArgs,
    /// Instead of running a command, print where the services are and keep them until standard input closes
    #[arg(long, conflicts_with = "command")]
    hold: bool,
    /// The command and its arguments
    #[arg(last = true, required_unless_present = "hold")]
    command: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let services = tokio::select! {
        services = Services::obtain(&args.services) => services?,
        _ = interrupt.recv() => return Ok(ExitCode::from(130)),
        _ = terminate.recv() => return Ok(ExitCode::from(143)),
    };
    if args.hold {
        println!(
            "AMQP_URL={}\nREDIS_URL={}",
            services.amqp_url(),
            services.redis_url()
        );
        std::io::stdout().flush().context("say where the services are")?;
        let (closed, end) = tokio::sync::oneshot::channel();
        // Not a task of the runtime, which could not end while this one waits.
        std::thread::spawn(move || {
            let mut rest = Vec::new();
            let _input_is_only_waited_for = std::io::stdin().read_to_end(&mut rest);
            let _nobody_waits_any_more = closed.send(());
        });
        tokio::select! {
            _ = end => {}
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        return Ok(ExitCode::SUCCESS);
    }

    // At a terminal the command must stay in the foreground group to read from it, and Ctrl-C reaches it by itself.
    let own_group = !std::io::stdin().is_terminal();
    let mut command = Command::new(&args.command[0]);
    command
        .args(&args.command[1..])
        .env("AMQP_URL", services.amqp_url())
        .env("REDIS_URL", services.redis_url());
    if own_group {
        command.process_group(0);
    }
    let mut command = tokio::process::Command::from(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("start {:?}", args.command[0]))?;
    let pid = child
        .id()
        .and_then(|id| Pid::from_raw(id.cast_signed()))
        .context("the command's process id")?;
    let send = |sent: Signal| {
        // The command may have ended a moment ago; then the signal has no receiver.
        let _gone = if own_group {
            kill_process_group(pid, sent)
        } else {
            kill_process(pid, sent)
        };
    };
    let status = loop {
        tokio::select! {
            status = child.wait() => break status.context("wait for the command")?,
            _ = interrupt.recv() => if own_group { send(Signal::INT) },
            _ = terminate.recv() => send(Signal::TERM),
        }
    };
    if own_group {
        // Whatever the command left behind would otherwise go on without its services.
        send(Signal::KILL);
    }
    if !status.success()
        && let Some(log) = services.keep_log(&repository().join("target/services"))?
    {
        eprintln!("the broker's log of this run: {}", log.display());
    }
    drop(services);
    Ok(exit_code(status))
}

/// The command's own code; a signal becomes 128 + its number, as in a shell.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status
        .code()
        .or_else(|| status.signal().map(|number| 128 + number))
        .unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
