//! Every kind of ending has its exit code.

use anyhow::Context as _;
use std::fmt::Debug;

use super::*;

#[derive(Debug, Parser)]
#[command(version)]
struct Command {
    #[arg(long)]
    needed: u16,
}

/// A command that is about something.
#[derive(Debug, Parser)]
struct About {
    #[arg(value_name = "ID")]
    _id: String,
}

async fn code(args: &[&str], result: anyhow::Result<()>) -> String {
    let args: Vec<_> = std::iter::once("service").chain(args.iter().copied()).collect();
    let ended = execute_from(args, |_: Command| async { result }, (|_| Vec::new(), |_| Ok(()))).await;
    shown(ExitCode::from(ended.unwrap_or_else(|error| report(&error))))
}

fn shown(code: impl Debug) -> String {
    format!("{code:?}")
}

#[tokio::test]
async fn the_command_line_decides_between_usage_and_configuration() {
    let code_of = |args: &'static [&'static str]| code(args, Ok(()));
    assert_eq!(code_of(&["--needed", "1"]).await, shown(ExitCode::SUCCESS));
    assert_eq!(code_of(&["--help"]).await, shown(ExitCode::SUCCESS));
    assert_eq!(code_of(&["--version"]).await, shown(ExitCode::SUCCESS));
    assert_eq!(
        code_of(&["--nedeed", "1"]).await,
        shown(ExitCode::from(EXIT_USAGE))
    );
    assert_eq!(code_of(&["surplus"]).await, shown(ExitCode::from(EXIT_USAGE)));
    assert_eq!(code_of(&[]).await, shown(ExitCode::from(EXIT_USAGE)));
    assert_eq!(code_of(&["--needed"]).await, shown(ExitCode::from(EXIT_USAGE)));
    let about = |args: &'static [&'static str]| async move {
        let ended = execute_from(
            args.iter().copied(),
            |_: About| async { Ok(()) },
            (|_| Vec::new(), |_| Ok(())),
        )
        .await;
        shown(ExitCode::from(ended.unwrap()))
    };
    assert_eq!(about(&["service"]).await, shown(ExitCode::from(EXIT_USAGE)));
    assert_eq!(
        code_of(&["--needed", "many"]).await,
        shown(ExitCode::from(EXIT_CONFIG))
    );
}

#[tokio::test]
async fn a_failure_is_1_unless_configuration_caused_it() {
    let fault = || ConfigError::new("X", "is zero", "set it");
    let ended = |result| code(&["--needed", "1"], result);
    assert_eq!(
        ended(Err(anyhow::anyhow!("broken"))).await,
        shown(ExitCode::from(1))
    );
    assert_eq!(
        ended(Err(fault().into())).await,
        shown(ExitCode::from(EXIT_CONFIG))
    );
    assert_eq!(
        ended(Err(fault()).context("start service")).await,
        shown(ExitCode::from(EXIT_CONFIG))
    );
    assert_eq!(
        ended(Err(anyhow::anyhow!("cause")).context(fault())).await,
        shown(ExitCode::from(EXIT_CONFIG))
    );
    let pipe = io::Error::from(io::ErrorKind::BrokenPipe);
    assert_eq!(
        ended(Err(pipe).context("print list")).await,
        shown(ExitCode::SUCCESS)
    );
}

#[test]
fn the_message_names_variable_problem_and_remedy() {
    assert_eq!(
        ConfigError::new("PORT", "is zero", "set it").to_string(),
        "PORT: is zero; set it"
    );
}
