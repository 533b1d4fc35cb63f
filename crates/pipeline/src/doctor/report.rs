//! The table, or JSON.

use super::finding::{Finding, Health};
use std::io::Write;

/// Prints the table, or JSON.
///
/// # Errors
/// When something is bad, or nobody reads.
pub fn report(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let bad = findings
        .iter()
        .filter(|finding| finding.health == Health::Bad)
        .count();
    let text = if json {
        let report = serde_json::json!({ "ok": bad == 0, "findings": findings });
        format!("{report:#}\n")
    } else {
        table(findings)
    };
    std::io::stdout().write_all(text.as_bytes())?;
    anyhow::ensure!(
        bad == 0,
        "{bad} of {} things are not as they must be",
        findings.len()
    );
    Ok(())
}

fn table(findings: &[Finding]) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.what.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for Finding {
        what,
        health,
        seen,
        remedy,
    } in findings
    {
        let mark = match health {
            Health::Good => '✓',
            Health::Risk => '!',
            Health::Bad => '✗',
        };
        let gap = " ".repeat(width - what.chars().count());
        text += &format!("{mark} {what}{gap}  {seen}\n");
        if !remedy.is_empty() {
            text += &format!("  {}  → {remedy}\n", " ".repeat(width));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_gives_a_remedy_for_what_is_wrong() {
        let findings = [
            Finding::good("broker", "RabbitMQ 4.1"),
            Finding::bad("eviction", "allkeys-lru", "set noeviction"),
        ];
        let expected = "✓ broker    RabbitMQ 4.1\n✗ eviction  allkeys-lru\n            → set noeviction\n";
        assert_eq!(table(&findings), expected);
        assert!(report(&findings, true).is_err());
        assert!(report(&findings[..1], false).is_ok());
    }
}
