//! One letter by hand: shown in full to who may see it, and put back as its admin has changed it. What was typed is kept
//! before anything else is done with it.

use super::begin::{aside, begun, decided, detached, ran};
use crate::{
    auth::Role,
    drafts::{Draft, digits},
    server::{App, Ask, Failure},
};
use pipeline::{cause::chain, stage::Stage};
use readmodel::read::letters::{Listed, Whole};
use replay::{
    audit,
    browse::find,
    error::Error,
    letter::{Letter, body, fingerprint::fingerprint},
    plan::make,
    repair::edit::{self, Changed, Opened},
};

/// A larger text is refused: it would not fit into a form.
const LONGEST: usize = 1 << 20;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// One letter as it lies in its queue, nothing masked; who has seen it is on record first.
///
/// # Errors
/// When the person may not, or there is no such letter; when Redis is away, and then nothing is shown.
pub(crate) async fn reveal(app: &App, ask: &Ask, stage: Stage, id: &str) -> Result<Whole, Failure> {
    ask.allow(Role::Admin)?;
    let (workspace, id) = (detached(app, stage, ask), id.to_owned());
    let letter = aside(async move || -> Result<Letter, Error> {
        let letter = find(&workspace, false, &id).await?;
        let which = words::kept!("--id {}", letter.record.id);
        audit::revealed(&workspace, "desk", &which).await?;
        Ok(letter)
    });
    whole(letter.await??)
}

fn whole(letter: Letter) -> Result<Whole, Failure> {
    let shown = body::to_json(letter.kind(), &letter.body);
    Ok(Whole {
        kind: letter.kind().to_owned(),
        body: Some(shown.unwrap_or_else(|_| String::from_utf8_lossy(&letter.body).into())),
        listed: Listed {
            n: 0,
            group: fingerprint(&letter.record),
            restored_by: letter.life().map(str::to_owned),
            record: serde_json::to_value(&letter.record)?,
        },
    })
}

/// Somebody's draft of a letter.
///
/// # Errors
/// When the person may not edit, or has none.
pub(crate) fn draft(app: &App, ask: &Ask, stage: Stage, id: &str) -> Result<Draft, Failure> {
    ask.allow(Role::Admin)?;
    let found = app.drafts.read(&ask.principal.name, stage, id)?;
    found.ok_or_else(|| {
        Failure::nothing(words::kept!(
            "you have no draft of letter `{id}`; open the letter and choose to edit it"
        ))
    })
}

/// All of somebody's drafts, the last touched first.
pub(crate) fn drafts(app: &App, ask: &Ask) -> Vec<Draft> {
    match ask.principal.may(Role::Admin) {
        true => app.drafts.of(&ask.principal.name, now()),
        false => Vec::new(),
    }
}

/// Opens a letter for its editor; a draft that there is already stays as it is, unless `anew`: then what was typed stays, and
/// what it is compared with is the letter of now.
///
/// # Errors
/// When the person may not, or there is no such letter; when Redis is away, and then nothing is shown.
pub(crate) async fn open(app: &App, ask: &Ask, stage: Stage, id: &str, anew: bool) -> Result<Draft, Failure> {
    ask.allow(Role::Admin)?;
    let kept = app.drafts.read(&ask.principal.name, stage, id)?;
    let text = match kept {
        Some(draft) if !anew => return Ok(draft),
        Some(draft) => Some(draft.text).filter(|text| *text != draft.opened.text),
        None => None,
    };
    let (workspace, id) = (detached(app, stage, ask), id.to_owned());
    let opened = aside(async move || edit::open(&workspace, &id).await).await??;
    if opened.text.len() > LONGEST {
        return Err(Failure::Refused(words::kept!(
            "this letter is too large for a page; `dead edit {}` of the program opens it in an editor",
            digits(&opened.id)
        )));
    }
    let draft = Draft {
        by: ask.principal.name.clone(),
        stage: stage.name().to_owned(),
        text: text.unwrap_or_else(|| opened.text.clone()),
        opened,
        trouble: None,
        at: now(),
    };
    app.drafts.write(stage, &draft)?;
    Ok(draft)
}

/// Keeps what was typed.
///
/// # Errors
/// When there is no draft to keep it in, or it is too long.
pub(crate) fn keep(app: &App, ask: &Ask, stage: Stage, id: &str, text: &str) -> Result<Draft, Failure> {
    let draft = draft(app, ask, stage, id)?;
    if text.len() > LONGEST {
        return Err(Failure::invalid(
            "text",
            words::kept!("it is larger than {} MiB", LONGEST >> 20),
        ));
    }
    // Browsers end lines as mail does.
    let text = text.replace("\r\n", "\n");
    if text == draft.text && draft.trouble.is_none() {
        return Ok(draft);
    }
    let draft = Draft {
        text,
        trouble: None,
        at: now(),
        ..draft
    };
    app.drafts.write(stage, &draft)?;
    Ok(draft)
}

/// Throws a draft away.
///
/// # Errors
/// When the person may not edit, or the file cannot be removed.
pub(crate) fn forget(app: &App, ask: &Ask, stage: Stage, id: &str) -> Result<(), Failure> {
    ask.allow(Role::Admin)?;
    app.drafts.forget(&ask.principal.name, stage, id)
}

/// Puts the letter back as it was changed, and says the plan that does it. What keeps it from that is in the draft, too.
///
/// # Errors
/// When the text does not fit, the letter has gone or changed, or broker or Redis are away; nothing is moved then.
pub(crate) async fn put_back(
    app: &App,
    ask: &Ask,
    stage: Stage,
    draft: Draft,
    reason: &str,
) -> Result<String, Failure> {
    ask.allow(Role::Admin)?;
    let put_back = sent(app, ask, stage, &draft, reason).await;
    // What was typed while that took its time is newer, and stays.
    let kept = app.drafts.read(&draft.by, stage, &draft.opened.id)?;
    let kept = kept.filter(|kept| kept.text != draft.text);
    match (&put_back, kept) {
        (Ok(_), Some(_)) => {}
        (Ok(_), None) => app.drafts.forget(&draft.by, stage, &draft.opened.id)?,
        (Err(failure), kept) => {
            let trouble = Some(words::english(|| failure.told()));
            let kept = kept.unwrap_or(draft);
            app.drafts.write(stage, &Draft { trouble, ..kept })?;
        }
    }
    put_back
}

async fn sent(app: &App, ask: &Ask, stage: Stage, draft: &Draft, reason: &str) -> Result<String, Failure> {
    let reason = decided(ask, reason)?;
    let checked = draft.opened.checked(&draft.text);
    let repair = checked
        .map_err(|wrong| Failure::invalid("body", words::english(|| chain(&wrong))))?
        .repair;
    let (workspace, opened, plan) = (detached(app, stage, ask), draft.opened.clone(), make::id());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (own, id) = (app.clone(), plan.clone());
    let work = async move || {
        let planned = plan_of(&workspace, &id, &opened, &reason, repair).await;
        let (told, go_on) = match planned {
            Ok(go_on) => (Ok(()), Some(go_on)),
            Err(error) => (Err(error), None),
        };
        // Whoever has closed the page meanwhile has asked for it all the same.
        drop(sender.send(told));
        if let Some((planned, options)) = go_on
            && let Some(claimed) = own.work.claim(&id)
        {
            let ended = ran(&own, &workspace, claimed, "edit", planned, &options).await;
            own.work.ended(&id, &ended);
        }
    };
    tokio::spawn(begun(work));
    receiver
        .await
        .map_err(|_| Error::Interrupted(words::mark!("nothing was moved")))??;
    Ok(plan)
}

async fn plan_of(
    workspace: &replay::workspace::Workspace,
    id: &str,
    opened: &Opened,
    reason: &str,
    repair: replay::repair::Repair,
) -> Result<(replay::plan::Plan, replay::plan::options::Options), Error> {
    edit::unchanged(workspace, opened).await?;
    edit::planned(workspace, id.to_owned(), opened, reason, repair).await
}

/// Whether what was typed can be put back: what would change, or what is wrong with it.
pub(crate) fn outlook(draft: &Draft) -> Result<Vec<Changed>, String> {
    match draft.opened.checked(&draft.text) {
        Ok(checked) => Ok(checked.changes()),
        Err(wrong) => Err(words::retold(&words::english(|| chain(&wrong)))),
    }
}
