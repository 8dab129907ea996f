//! The installation's own row.
//!
//! Always true: one row, made once; the instance's id is also the id of the platform's unit.

use domain::InstanceId;

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// The installation.
    pub(crate) Instance
}

platform_statements! { "instance", "the installation itself belongs to no tenant":
    CREATE = "insert into instance (one, instance_id, created_at_ms) values (1, $1, $2) \
        on conflict do nothing";
    CREATE_HEAD = "insert into revocation_head (one, seq) values (1, 0) on conflict do nothing";
    FIND = "select instance_id from instance where one = 1";
}

impl Instance<'_> {
    /// The instance's id; `fresh` when this is the first start.
    pub(crate) fn find_or_create(&mut self, fresh: InstanceId) -> Result<InstanceId, StoreError> {
        let now = self.bound.now();
        self.bound.platform_run(&CREATE, values![fresh, now])?;
        self.bound.platform_run(&CREATE_HEAD, values![])?;
        self.find()?.ok_or(StoreError::Corrupt)
    }

    /// The instance's id; `None` before the first start.
    pub(crate) fn find(&mut self) -> Result<Option<InstanceId>, StoreError> {
        self.bound.platform_one(&FIND, values![])?.map(|mut row| row.id()).transpose()
    }
}
