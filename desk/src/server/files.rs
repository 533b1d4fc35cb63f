//! Files that people send, and files that they get: either way they pass in pieces, however large they are.

use super::{App, Ask, Failure, Filled, filled::admit};
use crate::{auth::Role, work};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequest, FromRequestParts, Multipart, Request},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use std::{fs::File, io};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A larger file is refused; `dead import` of the programs takes any.
const MOST: u64 = 1 << 30;
/// Fields beside the file are short.
const FIELD: usize = 4_096;
/// Fields beside the file.
const FIELDS: usize = 16;
const PIECE: usize = 64 << 10;

/// A file on its way into the desk's folder.
struct Sink {
    file: tokio::fs::File,
    length: u64,
}

impl Sink {
    fn open(app: &App) -> Result<Self, Failure> {
        Ok(Self {
            file: tokio::fs::File::from_std(work::spool(app)?),
            length: 0,
        })
    }

    async fn take(&mut self, piece: &Bytes) -> Result<(), Failure> {
        self.length += piece.len() as u64;
        if self.length > MOST {
            let problem = words::kept!(
                "it is larger than {} MiB; `dead import` of the program takes it",
                MOST >> 20
            );
            return Err(Failure::invalid("file", problem));
        }
        self.file.write_all(piece).await.map_err(Failure::File)
    }

    async fn end(mut self) -> Result<File, Failure> {
        self.file.flush().await.map_err(Failure::File)?;
        Ok(self.file.into_std().await)
    }
}

fn cut() -> Failure {
    Failure::invalid("file", words::kept!("it did not come as a whole; send it again"))
}

/// A form with a file, which an admin has sent; the token of the session stands before the file.
pub(crate) struct Uploaded {
    /// What was filled in beside it.
    pub(crate) fields: Filled,
    /// The file.
    pub(crate) file: File,
}

impl FromRequest<App> for Uploaded {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, app).await?;
        ask.allow(Role::Admin)?;
        let headers = parts.headers.clone();
        let request = Request::from_parts(parts, body);
        let mut form = Multipart::from_request(request, app).await.map_err(|_| cut())?;
        let mut fields = Vec::new();
        while let Some(mut field) = form.next_field().await.map_err(|_| cut())? {
            let name = field.name().unwrap_or_default().to_owned();
            if fields.len() > FIELDS {
                return Err(cut());
            }
            if field.file_name().is_none() {
                let mut text = Vec::new();
                while let Some(piece) = field.chunk().await.map_err(|_| cut())? {
                    text.extend_from_slice(&piece);
                    if text.len() > FIELD {
                        return Err(cut());
                    }
                }
                fields.push((name, String::from_utf8_lossy(&text).into_owned()));
                continue;
            }
            let fields = Filled::from(fields);
            // Who may not send it need not send all of it.
            admit(&ask, &headers, fields.raw(super::filled::TOKEN))?;
            let mut sink = Sink::open(app)?;
            while let Some(piece) = field.chunk().await.map_err(|_| cut())? {
                sink.take(&piece).await?;
            }
            let file = sink.end().await?;
            return Ok(Self { fields, file });
        }
        Err(Failure::invalid("file", words::kept!("choose a file")))
    }
}

/// A body that is a file, which an admin's program has sent.
pub(crate) struct Received(pub(crate) File);

impl FromRequest<App> for Received {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let (mut parts, body) = request.into_parts();
        let ask = Ask::from_request_parts(&mut parts, app).await?;
        ask.allow(Role::Admin)?;
        admit(&ask, &parts.headers, "")?;
        let (mut sink, mut pieces) = (Sink::open(app)?, body.into_data_stream());
        while let Some(piece) = pieces.next().await {
            sink.take(&piece.map_err(|_| cut())?).await?;
        }
        Ok(Self(sink.end().await?))
    }
}

/// A file as an answer; the browser keeps it under this name.
pub(crate) fn download(file: File, name: &str) -> Response {
    let length = file.metadata().map(|it| it.len());
    let pieces = futures::stream::unfold(Some(tokio::fs::File::from_std(file)), async |file| {
        let mut file = file?;
        let mut piece = vec![0; PIECE];
        match file.read(&mut piece).await {
            Ok(0) => None,
            Ok(read) => {
                piece.truncate(read);
                Some((Ok(Bytes::from(piece)), Some(file)))
            }
            Err(error) => Some((Err::<_, io::Error>(error), None)),
        }
    });
    let mut response = Body::from_stream(pieces).into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/x-ndjson");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Ok(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
