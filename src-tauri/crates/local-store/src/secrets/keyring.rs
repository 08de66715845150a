//! The keyring of the operating system.
//!
//! Its calls may block as long as the listener takes to answer a prompt, or for ever where a
//! service hangs. So they run on one thread of their own, and who asks waits only so long.

use std::{
    sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError},
    thread,
    time::Duration,
};

use ::keyring::{Entry, Error};

use super::{Keep, SecretsError};

const SERVICE: &str = "MelodyUD";

type Answer = Result<Option<String>, Error>;

enum Question {
    Load,
    Save(String),
    Forget,
}

pub(super) struct Keyring {
    questions: SyncSender<(Question, SyncSender<Answer>)>,
    patience: Duration,
}

impl Keyring {
    /// Connects, and asks once, so that a keyring which cannot be used shows now.
    pub fn connect(name: &str, patience: Duration) -> Result<Self, SecretsError> {
        let (questions, asked) = mpsc::sync_channel::<(Question, SyncSender<Answer>)>(1);
        let name = name.to_owned();
        thread::Builder::new()
            .name("keyring".into())
            .spawn(move || {
                for (question, answer) in asked {
                    // Nobody waits any more where the patience was over.
                    let _ = answer.send(ask(&name, question));
                }
            })
            .map_err(|_| SecretsError::KeyringSilent)?;
        let mut keyring = Self { questions, patience };
        keyring.load()?;
        Ok(keyring)
    }

    fn ask(&self, question: Question) -> Result<Option<String>, SecretsError> {
        let (answer, answered) = mpsc::sync_channel(1);
        // A thread that still hangs in an earlier question takes no other.
        match self.questions.try_send((question, answer)) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                return Err(SecretsError::KeyringSilent);
            }
        }
        match answered.recv_timeout(self.patience) {
            Ok(answer) => answer.map_err(SecretsError::Keyring),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(SecretsError::KeyringSilent)
            }
        }
    }
}

fn ask(name: &str, question: Question) -> Answer {
    let entry = Entry::new(SERVICE, name)?;
    let answer = match question {
        Question::Load => entry.get_password().map(Some),
        Question::Save(secret) => entry.set_password(&secret).map(|()| None),
        Question::Forget => entry.delete_credential().map(|()| None),
    };
    match answer {
        Err(Error::NoEntry) => Ok(None),
        answer => answer,
    }
}

impl Keep for Keyring {
    fn load(&mut self) -> Result<Option<String>, SecretsError> {
        self.ask(Question::Load)
    }

    fn save(&mut self, secret: &str) -> Result<(), SecretsError> {
        self.ask(Question::Save(secret.to_owned())).map(drop)
    }

    fn forget(&mut self) -> Result<(), SecretsError> {
        self.ask(Question::Forget).map(drop)
    }
}
