bool is_remote_hole(struct mm_struct *mm, unsigned long addr, bool racy);
