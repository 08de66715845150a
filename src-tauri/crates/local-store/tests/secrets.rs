//! Secrets with a really started keyring, with none, and with a passphrase.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use local_store::{Secrets, SecretsConfig, SecretsError, SecretsState};

fn config(folder: &Path, with_keyring: bool) -> SecretsConfig {
    SecretsConfig {
        folder: folder.to_owned(),
        name: "test".into(),
        with_keyring,
        patience: Duration::from_secs(10),
    }
}

fn open(folder: &Path) -> Secrets {
    Secrets::open(config(folder, false)).expect("a fresh folder can be used")
}

#[test]
fn secret_is_in_memory_until_a_passphrase_is_chosen_and_then_in_a_sealed_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = open(folder.path());
    assert_eq!(secrets.state(), SecretsState::MemoryOnly);
    secrets.save("token one").unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    assert!(matches!(secrets.unlock("short"), Err(SecretsError::ShortPassphrase)));
    secrets.unlock("correct horse").unwrap();
    assert_eq!(secrets.state(), SecretsState::SealedFile);
    assert_eq!(secrets.load().unwrap().as_deref(), Some("token one"));
    secrets.save("token two").unwrap();

    let mut secrets = open(folder.path());
    assert_eq!(secrets.state(), SecretsState::Locked);
    assert!(matches!(secrets.load(), Err(SecretsError::Locked)));
    assert!(matches!(secrets.unlock("wrong horse"), Err(SecretsError::WrongPassphrase)));
    assert_eq!(secrets.state(), SecretsState::Locked);
    secrets.unlock("correct horse").unwrap();
    assert_eq!(secrets.load().unwrap().as_deref(), Some("token two"));
    secrets.forget().unwrap();
    assert_eq!(secrets.load().unwrap(), None);

    let file = folder.path().join("secret.sealed");
    let bytes = fs::read(&file).unwrap();
    assert!(!bytes.windows(5).any(|window| window == b"token"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn sign_in_while_locked_is_kept_once_the_passphrase_comes() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unlock("correct horse").unwrap();
    let mut secrets = open(folder.path());
    secrets.save("new token").unwrap();
    assert_eq!(secrets.load().unwrap().as_deref(), Some("new token"));
    secrets.unlock("correct horse").unwrap();
    let mut secrets = open(folder.path());
    secrets.unlock("correct horse").unwrap();
    assert_eq!(secrets.load().unwrap().as_deref(), Some("new token"));
}

#[test]
fn forgotten_passphrase_is_overcome_by_forgetting_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    open(folder.path()).unlock("correct horse").unwrap();
    let mut secrets = open(folder.path());
    secrets.forget().unwrap();
    assert_eq!(secrets.state(), SecretsState::MemoryOnly);
    secrets.unlock("another horse").unwrap();
    assert_eq!(secrets.state(), SecretsState::SealedFile);
}

#[test]
fn every_changed_byte_of_the_sealed_file_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = open(folder.path());
    secrets.unlock("correct horse").unwrap();
    secrets.save("token").unwrap();
    let file = folder.path().join("secret.sealed");
    let sound = fs::read(&file).unwrap();
    // One byte of each field: magic, version, costs, salt, nonce, sealed text and tag.
    for at in [0, 7, 8, 11, 12, 16, 19, 20, 40, 60, sound.len() - 1] {
        let mut broken = sound.clone();
        broken[at] ^= 0x55;
        fs::write(&file, &broken).unwrap();
        assert!(open(folder.path()).unlock("correct horse").is_err(), "byte {at}");
    }
    for len in [0, 8, 59, 75] {
        fs::write(&file, &sound[..len]).unwrap();
        assert!(open(folder.path()).unlock("correct horse").is_err(), "length {len}");
    }
    fs::write(&file, &sound).unwrap();
    open(folder.path()).unlock("correct horse").unwrap();
}

/// The library connects to a keyring once per process, so each case is a process of its own: this
/// test program, told by the environment which part to play.
const PART: &str = "MELODYUD_TEST_KEYRING_PART";

#[test]
fn keyring_part() {
    let Ok(part) = std::env::var(PART) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = Secrets::open(config(folder.path(), true)).unwrap();
    match part.as_str() {
        "none" => {
            assert_eq!(secrets.state(), SecretsState::MemoryOnly);
            secrets.save("token").unwrap();
            assert_eq!(secrets.load().unwrap().as_deref(), Some("token"));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        "save" => {
            assert_eq!(secrets.state(), SecretsState::Keyring);
            assert_eq!(secrets.load().unwrap(), None);
            secrets.save("token one").unwrap();
            secrets.save("token two").unwrap();
            assert!(matches!(secrets.unlock("correct horse"), Err(SecretsError::NothingToUnlock)));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        "load" => {
            assert_eq!(secrets.load().unwrap().as_deref(), Some("token two"));
            secrets.forget().unwrap();
            assert_eq!(secrets.load().unwrap(), None);
            secrets.forget().unwrap();
        }
        "refused" => {
            assert_eq!(secrets.state(), SecretsState::Keyring);
            assert_eq!(secrets.load().unwrap(), None);
            let refused = secrets.save("token");
            assert!(
                matches!(refused, Err(SecretsError::Keyring(_) | SecretsError::KeyringSilent)),
                "{refused:?}"
            );
            assert_eq!(secrets.state(), SecretsState::MemoryOnly);
            assert_eq!(secrets.load().unwrap().as_deref(), Some("token"));
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
            secrets.unlock("correct horse").unwrap();
            let mut again = open(folder.path());
            again.unlock("correct horse").unwrap();
            assert_eq!(again.load().unwrap().as_deref(), Some("token"));
        }
        other => panic!("no such part: {other}"),
    }
    println!("part {part} was played");
}

fn play(command: &mut Command, parts: &[&str]) {
    let output = command.stdin(Stdio::null()).output().expect("the program can be run");
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    for part in parts {
        assert!(said.contains(&format!("part {part} was played")), "{said}\n{complaint}");
    }
    assert!(output.status.success(), "{said}\n{complaint}");
}

#[test]
fn machine_without_a_keyring_keeps_secrets_in_memory_only() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "keyring_part", "--nocapture"])
        .env(PART, "none")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    play(&mut command, &["none"]);
}

#[cfg(target_os = "linux")]
#[test]
fn real_keyring_keeps_the_secret_from_one_process_to_the_next() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"
        printf 'a login password' | gnome-keyring-daemon --unlock --components=secrets >/dev/null
        for part in save load; do
            MELODYUD_TEST_KEYRING_PART=$part "$0" --exact keyring_part --nocapture || exit 1
        done
    "#;
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove(PART);
    play(&mut command, &["save", "load"]);
}

/// A keyring that is there and locked, on a machine where nobody can be asked for its password.
#[cfg(target_os = "linux")]
#[test]
fn keyring_that_refuses_leaves_the_secret_in_memory_and_a_passphrase_to_choose() {
    let home = tempfile::tempdir().unwrap();
    let script = r#"
        gnome-keyring-daemon --start --components=secrets >/dev/null
        exec "$0" --exact keyring_part --nocapture
    "#;
    let mut command = Command::new("dbus-run-session");
    command
        .args(["--", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(PART, "refused")
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path().join("data"))
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY");
    play(&mut command, &["refused"]);
}
