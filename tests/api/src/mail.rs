//! The mails that a server wrote.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::ensure;

const WAIT: Duration = Duration::from_mins(1);

/// The link of a kind, such as `verify`, in a mail to someone below this data folder; waits for it.
pub async fn link(data: &Path, to: &str, kind: &str) -> anyhow::Result<String> {
    let started = Instant::now();
    loop {
        let mails = fs::read_dir(data.join("mails")).into_iter().flatten().flatten();
        let texts = mails.map(|mail| fs::read_to_string(mail.path()).unwrap_or_default());
        for text in texts.filter(|text| text.contains(&format!("To: {to}"))) {
            // Long lines are folded with a `=` at their end (RFC 2045, section 6.7).
            let text = text.replace("=\r\n", "").replace("=3D", "=");
            let mut links = text.split_whitespace().filter(|word| word.starts_with("http"));
            if let Some(link) = links.find(|link| link.contains(kind)) {
                return Ok(link.to_owned());
            }
        }
        ensure!(started.elapsed() < WAIT, "no mail came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
