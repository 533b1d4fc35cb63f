//! The folder of a recording: refused unless it is empty or is to be added to, and its files, of which the manifest is
//! the last one that is written.

use super::{Answered, Take, disguise::Disguise, json, place::About};
use pipeline::{
    recording::{Answer, Customer, FORMAT, LeftOut, Manifest},
    setting::ConfigError,
};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Where a recording goes.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    pub(crate) manifest: Manifest,
}

impl Folder {
    /// Checks the place before anything is asked of OKKI.
    pub(crate) fn open(path: PathBuf, append: bool) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let refuse = |problem: String, remedy: &str| ConfigError::new("FOLDER", problem, remedy);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries.count(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => {
                return Err(refuse(
                    words::tr!("cannot use `{name}`: {error}"),
                    words::text!("name a folder"),
                ));
            }
        };
        if entries > 0 && !append {
            let remedy = words::text!("name another folder, or add to this recording with --append");
            return Err(refuse(words::tr!("`{name}` is not empty"), remedy));
        }
        let manifest = if entries > 0 {
            Manifest::read(&path)?
        } else {
            Manifest::default()
        };
        Ok(Self { path, manifest })
    }

    /// Writes every answer without what is personal.
    pub(crate) fn write(&mut self, take: &Take, disguise: &mut Disguise) -> anyhow::Result<()> {
        learn(take, disguise);
        for folder in ["pages", "details", "settings"] {
            fs::create_dir_all(self.path.join(folder))?;
        }
        self.write_pages(take, disguise)?;
        self.write_details(take, disguise)?;
        for (name, answer) in &take.settings {
            let file = format!("settings/{name}.json");
            if self
                .write_answer(&file, answer, About::Settings, disguise)?
                .is_none()
            {
                self.manifest.settings.retain(|known| known.file != file);
                self.manifest.settings.push(of(file, answer));
            }
        }
        self.manifest.format = FORMAT;
        self.manifest.recorded_at = jiff::Timestamp::now().to_string();
        self.manifest.write(&self.path)?;
        Ok(())
    }

    fn write_pages(&mut self, take: &Take, disguise: &mut Disguise) -> anyhow::Result<()> {
        for answer in &take.pages {
            let file = format!("pages/{:04}.json", self.manifest.pages.len() + 1);
            match self.write_answer(&file, answer, About::Customers, disguise)? {
                None => self.manifest.pages.push(of(file, answer)),
                Some(why) => self.leave_out(words::text!("a page of the listing"), "okki-unreadable", why),
            }
        }
        Ok(())
    }

    fn write_details(&mut self, take: &Take, disguise: &mut Disguise) -> anyhow::Result<()> {
        for detail in &take.details {
            let id = &detail.company_id;
            let what = words::tr!("customer {id}");
            let Some(answer) = &detail.answer else {
                self.leave_out(
                    &what,
                    detail.code.unwrap_or("okki-outage"),
                    words::tr!("no answer"),
                );
                continue;
            };
            let file = format!("details/{id}.json");
            if let Some(why) = self.write_answer(&file, answer, About::Customers, disguise)? {
                self.leave_out(&what, detail.code.unwrap_or("okki-unreadable"), why);
                continue;
            }
            let customers = &mut self.manifest.customers;
            customers.retain(|known| known.company_id != *id);
            customers.push(Customer {
                company_id: id.clone(),
                file,
                status: answer.taken.status,
                refused: detail.code.map(str::to_owned),
            });
            self.manifest.left_out.retain(|known| known.what != what);
        }
        Ok(())
    }

    /// `Some`: why there is no file.
    fn write_answer(
        &self,
        file: &str,
        answer: &Answered,
        about: About,
        disguise: &mut Disguise,
    ) -> anyhow::Result<Option<String>> {
        match json::parse(&answer.taken.body) {
            Ok(node) => {
                fs::write(Manifest::file(&self.path, file), disguise.write(&node, about))?;
                Ok(None)
            }
            // Where what is personal stands in it nobody knows, so it is not kept.
            Err(error) => {
                let (status, length) = (answer.taken.status, answer.taken.body.len());
                Ok(Some(words::tr!(
                    "http status {status}, {length} bytes that are no JSON: {error}"
                )))
            }
        }
    }

    fn leave_out(&mut self, what: &str, code: &str, why: String) {
        self.manifest.left_out.retain(|known| known.what != what);
        self.manifest.left_out.push(LeftOut {
            what: what.to_owned(),
            code: code.to_owned(),
            why,
        });
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads all answers before one of them is written: what is personal in one is so in all.
fn learn(take: &Take, disguise: &mut Disguise) {
    let customers = take
        .pages
        .iter()
        .chain(take.details.iter().filter_map(|detail| detail.answer.as_ref()));
    let settings = take.settings.iter().map(|(_, answer)| (answer, About::Settings));
    for (answer, about) in settings.chain(customers.map(|answer| (answer, About::Customers))) {
        if let Ok(node) = json::parse(&answer.taken.body) {
            disguise.learn(&node, about);
        }
    }
}

/// Parameters that may be told; of others a document decides, and it may have a secret among them.
pub(crate) fn is_told(parameter: &str) -> bool {
    [
        "start_index",
        "count",
        "removed",
        "start_time",
        "end_time",
        "all",
        "group_id",
        "format",
        "time_type",
        "company_id",
        "field",
        "type",
    ]
    .contains(&parameter)
}

/// A path without parameters that a document may have put into it.
pub(crate) fn told_path(path: &str) -> String {
    path.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn of(file: String, answer: &Answered) -> Answer {
    let (path, query) = &answer.question;
    let told = query.iter().filter(|(name, _)| is_told(name));
    Answer {
        file,
        status: answer.taken.status,
        path: told_path(path),
        query: told.cloned().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_empty_folder_or_a_recording_is_written_to() {
        let here = tempfile::tempdir().unwrap();
        assert!(Folder::open(here.path().join("new"), false).is_ok());
        fs::write(here.path().join("letter.txt"), "x").unwrap();
        let refused = |append| {
            Folder::open(here.path().to_owned(), append)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(false).contains("not empty"), "{}", refused(false));
        assert!(refused(true).contains("holds no recording"), "{}", refused(true));
        let file = here.path().join("letter.txt");
        assert!(Folder::open(file, false).is_err());
    }

    #[test]
    fn parameters_of_a_document_are_not_told() {
        assert!(is_told("all") && !is_told("access_token") && !is_told("sign"));
    }
}
