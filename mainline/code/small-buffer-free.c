	kfree(page);
