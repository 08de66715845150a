//! A transaction on loan.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::{Any, AnyConnection, Transaction};

type Inner = Transaction<'static, Any>;

/// A connection inside the transaction that [`crate::Db::with_tx`] has begun and will end.
/// Queries run on `&mut *tx`.
#[derive(Debug)]
pub struct Tx {
    /// Present until dropped.
    inner: Option<Inner>,
    home: Home,
}

/// Where a lent transaction returns to when its [`Tx`] is dropped.
#[derive(Clone, Default, Debug)]
pub(crate) struct Home(Arc<Mutex<Option<Inner>>>);

impl Home {
    pub(crate) fn lend(&self, inner: Inner) -> Tx {
        Tx { inner: Some(inner), home: self.clone() }
    }

    /// The transaction, once it came back.
    pub(crate) fn take(&self) -> Option<Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Deref for Tx {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        self.inner.as_ref().expect("present until dropped")
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.inner.as_mut().expect("present until dropped")
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        *self.home.0.lock().unwrap_or_else(PoisonError::into_inner) = self.inner.take();
    }
}
