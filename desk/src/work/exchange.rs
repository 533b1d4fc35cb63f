//! Letters into a file and out of one. Either way they lie in a file without a name in the desk's folder meanwhile, so that
//! memory does not grow with them and a killed desk leaves nothing of customers behind.

use super::begin::{aside, decided, detached, operation};
use crate::{
    auth::Role,
    server::{App, Ask, Failure},
};
use pipeline::stage::Stage;
use replay::{browse::Filter, exchange};
use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Seek},
};

/// A file that others cannot see, and that is gone with its last handle.
///
/// # Errors
/// When the desk's folder takes no file.
pub(crate) fn spool(app: &App) -> Result<File, Failure> {
    tempfile::tempfile_in(&app.config.data).map_err(Failure::File)
}

/// Writes letters into a file, from its beginning; with their bodies only for an admin who asks for them.
///
/// # Errors
/// When the person may not, or broker or Redis are away.
pub(crate) async fn export(
    app: &App,
    ask: &Ask,
    stage: Stage,
    filter: Filter,
    reveal: bool,
) -> Result<(u64, File), Failure> {
    ask.allow(if reveal { Role::Admin } else { Role::Operator })?;
    let (workspace, file) = (detached(app, stage, ask), spool(app)?);
    let written = aside(async move || -> Result<_, replay::error::Error> {
        let mut out = BufWriter::new(file);
        let written = exchange::export(&workspace, &filter, reveal, &mut out).await?;
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok((written, file))
    });
    Ok(written.await??)
}

/// Begins to add the letters of a file; every line is checked before the first letter is added.
///
/// # Errors
/// When the person may not, or a line is wrong: then nothing was added.
pub(crate) async fn import(
    app: &App,
    ask: &Ask,
    stage: Stage,
    file: File,
    adopt: bool,
    reason: &str,
) -> Result<(), Failure> {
    ask.allow(Role::Admin)?;
    let reason = decided(ask, reason)?;
    let workspace = detached(app, stage, ask);
    operation(app, async move || {
        let again = || {
            let mut file = file.try_clone()?;
            file.rewind()?;
            Ok(BufReader::new(file))
        };
        exchange::import(&workspace, &reason, adopt, again)
            .await
            .map(drop)
    })
    .await
}
