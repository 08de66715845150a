//! What must not sign a listener out, and what is told to them.

use anyhow::{Context as _, ensure};
use api_tests::PASSWORD;
use commands::{Capture, Facade};
use ipc::Event;

use crate::{
    line::Line,
    stand::{EMAIL, Outcome, Stand, choose_passphrase, eventually, library, open, said},
};

/// A device signed in over a line that loses what it is told to; its secret is in a file.
async fn on_a_line() -> anyhow::Result<(Stand, Line, Facade)> {
    let (stand, facade) = Stand::new().await?;
    let line = Line::to(stand.server()?.url()).await?;
    let sign_in = ipc::SignIn {
        server_url: line.url.clone(),
        email: EMAIL.into(),
        password: PASSWORD.into(),
        code: None,
    };
    said(facade.session_sign_in(sign_in).await)?;
    choose_passphrase(&facade).await?;
    Ok((stand, line, facade))
}

async fn is_signed_in(facade: &Facade) -> anyhow::Result<bool> {
    Ok(said(facade.session_view(ipc::SessionGet {}).await)?.account.is_some())
}

/// The server had taken the refresh token and its answer was lost: the next try came with a token
/// that was spent, which ends a session.
#[tokio::test(flavor = "multi_thread")]
async fn renewal_whose_answer_is_lost_is_made_again() -> Outcome {
    let (stand, line, facade) = on_a_line().await?;
    facade.close().await;
    drop(facade);
    line.lose_next(1);
    // The access token was in memory only: the first thing that needs one renews it.
    let facade = stand.reopen().await?;
    eventually("music again", async || Ok(library(&facade).await.ok().filter(|t| t.len() == 4)))
        .await?;
    assert_eq!(line.n_lost(), 1);
    assert!(is_signed_in(&facade).await?);
    Ok(())
}

/// The program ends between the server's answer and the next token on the disk.
#[tokio::test(flavor = "multi_thread")]
async fn renewal_that_is_lost_with_the_program_is_made_again_by_the_next() -> Outcome {
    let (stand, line, facade) = on_a_line().await?;
    facade.close().await;
    drop(facade);
    line.lose_next(usize::MAX);
    let facade = stand.reopen().await?;
    eventually("a lost answer", async || {
        let answer = library(&facade).await;
        ensure!(answer.is_err(), "no token came through");
        Ok((line.n_lost() > 0).then_some(()))
    })
    .await?;
    facade.close().await;
    drop(facade);
    line.lose_next(0);
    let facade = stand.reopen().await?;
    assert_eq!(library(&facade).await?.len(), 4);
    assert!(is_signed_in(&facade).await?);
    Ok(())
}

/// One value of another version stopped every start from then on, and what is said while opening
/// was said before the window was there.
#[tokio::test(flavor = "multi_thread")]
async fn session_that_cannot_be_read_is_told_once_the_interface_is_there() -> Outcome {
    let folder = tempfile::tempdir()?;
    open(folder.path(), &Capture::default()).await?.close().await;
    let database = rusqlite::Connection::open(folder.path().join("player.db"))?;
    database.execute("INSERT OR REPLACE INTO value VALUES ('session', '7')", [])?;
    drop(database);

    let facade = open(folder.path(), &Capture::default()).await?;
    assert!(!is_signed_in(&facade).await?);
    let mut events = facade.subscribe();
    said(facade.interface_ready(ipc::InterfaceReady {}).await)?;
    let told = eventually("a word about it", async || match events.try_recv() {
        Ok(Event::Notice(notice)) => Ok(Some(notice)),
        Ok(_) | Err(_) => Ok(None),
    })
    .await
    .context("the notice")?;
    assert_eq!(told.message, "Who was signed in could not be read.");
    Ok(())
}
