//! Users of a broker who may do no more than somebody has allowed.

use anyhow::{Context as _, ensure};
use tokio::process::Command;

use super::broker::RabbitMq;

impl RabbitMq {
    /// Adds a user whose password is their name, with what they may configure, write and read (regular expressions).
    pub async fn add_user(&self, name: &str, permissions: [&str; 3]) -> anyhow::Result<()> {
        let [configure, write, read] = permissions.map(erlang);
        let user = erlang(name);
        let expression = format!(
            "rabbit_auth_backend_internal:add_user({user}, {user}, {user}), \
             rabbit_auth_backend_internal:set_permissions({user}, <<\"/\">>, {configure}, {write}, {read}, {user})."
        );
        let mut command = Command::from(self.control());
        let output = command.args(["eval", &expression]).output().await;
        let output = output.context("start rabbitmqctl")?;
        ensure!(
            output.status.success(),
            "rabbitmqctl: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }

    /// Where this user is let in.
    pub fn url_of(&self, name: &str) -> String {
        self.url().replace("guest:guest", &format!("{name}:{name}"))
    }
}

/// A binary of Erlang.
fn erlang(text: &str) -> String {
    format!("<<\"{}\">>", text.replace('\\', "\\\\").replace('"', "\\\""))
}
