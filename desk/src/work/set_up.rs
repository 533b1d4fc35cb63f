//! Setting the pipeline up, a step at a time.

use crate::{
    auth::Role,
    server::{App, Ask, Failure},
    setup::{Progress, SetUp, Step},
};
use pipeline::stage::Stage;

/// Takes a step.
///
/// # Errors
/// When the person may not, or the step cannot be taken.
pub(crate) async fn set_up(app: &App, ask: &Ask, step: Step) -> Result<Progress, Failure> {
    ask.allow(Role::Admin)?;
    let _one = app.setup.one_at_a_time.lock().await;
    let mut tried = app.setup.tried();
    let taken = SetUp {
        workspace: app.workspace(Stage::Extract, &ask.principal.name),
        kept: &app.setup.kept,
        tried: &mut tried,
    }
    .take(step)
    .await;
    app.setup.remember(tried);
    taken
}
