//! `books`: prints where every listed customer is, and fails when one is nowhere.

use crate::{
    accounting::{Balance, BalanceCheck, check},
    config::CommonConfig,
    service::Runtime,
};
use std::io::Write;

mod config;

pub use config::BooksArgs;

/// Prints the balance.
///
/// # Errors
/// When Redis cannot be asked, or the books are off.
pub async fn run(service: &'static str, args: BooksArgs) -> anyhow::Result<()> {
    let runtime = Runtime::tool(service, &CommonConfig::try_from(args.common)?)?;
    let now = jiff::Timestamp::now().as_millisecond();
    let check = check(
        &runtime.account,
        &runtime.broker,
        args.run.as_deref(),
        args.patience,
        now,
    )
    .await?;
    let text = if args.json {
        serde_json::to_string_pretty(&check)? + "\n"
    } else {
        table(&check, args.run.is_some(), now)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    anyhow::ensure!(check.difference == 0, "the books are off by {}", check.difference);
    Ok(())
}

fn table(check: &BalanceCheck, one_run: bool, now_ms: i64) -> String {
    let mut text = String::new();
    for balance in &check.runs {
        text += &lines(balance, now_ms);
    }
    if !one_run {
        text += &lines(&check.total, now_ms);
    }
    if let Some(queues) = &check.queues {
        let waiting: Vec<_> = queues.iter().filter(|(_, depth)| **depth > 0).collect();
        for (queue, depth) in waiting {
            text += &format!("queue      {queue}: {depth}\n");
        }
    } else {
        text += "queues     not compared, the broker does not answer\n";
    }
    for difference in &check.differences {
        text += &format!("DIFFERENCE {difference}\n");
    }
    for (run, company) in &check.missing {
        text += &format!("missing    {company} of {run}\n");
    }
    if check.differences.is_empty() {
        text += "the books balance\n";
    }
    text
}

fn lines(balance: &Balance, now_ms: i64) -> String {
    let parts: Vec<_> = balance
        .parts()
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    let mut text = format!(
        "{}: {} listed = {}\n",
        balance.run,
        balance.listed,
        parts.join(" + ")
    );
    if balance.duplicates > 0 {
        text += &format!("  {} second copies were told apart\n", balance.duplicates);
    }
    if let Some(oldest) = balance.oldest_ms {
        text += &format!("  oldest in flight: {} s\n", (now_ms - oldest).max(0) / 1000);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_adds_up_before_the_readers_eyes() {
        let total = Balance {
            run: "total".into(),
            listed: 3,
            loaded: 2,
            in_flight: 1,
            oldest_ms: Some(0),
            ..Balance::default()
        };
        let text = table(
            &BalanceCheck {
                total,
                ..BalanceCheck::default()
            },
            false,
            7_000,
        );
        let expected = "total: 3 listed = 2 loaded + 0 unchanged + 0 skipped + 0 filtered + 0 superseded + 0 discarded + 0 dead + 1 in flight\n  oldest in flight: 7 s\n";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("the books balance\n"), "{text}");
    }
}
